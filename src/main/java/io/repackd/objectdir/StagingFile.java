package io.repackd.objectdir;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A file which another program is writing in the pack directory, or has left there when it died.
 *
 * <ul>
 *   <li>{@code .tmp-PID-pack-HASH.pack} and the like: a {@code git repack} with that process id has packs ready, and puts them in
 *       the place of others.
 *   <li>{@code tmp_pack_XXXXXX}: a repack, a fetch or an import of git writes a pack.
 *   <li>{@code gc_1234_tmp}, {@code gc_1234.pack_tmp}: JGit collects garbage.
 * </ul>
 *
 * <p>Ours have longer names, and are not among them. What comes with a push lies elsewhere, in {@code objects/tmp_objdir-incoming-*},
 * and replaces nothing.
 *
 * @param stamp the file
 * @param repack the process id of the repack that it belongs to, on whatever machine; empty if it is of another kind
 */
public record StagingFile(FileStamp stamp, OptionalLong repack) {
  private static final Pattern REPACK = Pattern.compile("\\.tmp-(\\d{1,18})-.*");

  /** What mkstemp(3) makes of {@code tmp_pack_XXXXXX}. */
  private static final Pattern PACK = Pattern.compile("tmp_pack_[A-Za-z0-9]{6}");

  static final Pattern JGIT = Pattern.compile("gc_.*_?tmp");

  /** Those that are there. Names are told apart; nothing is read. */
  public static List<StagingFile> list(ObjectDirectory directory) throws IOException {
    List<StagingFile> found = new ArrayList<>();
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(directory.packDirectory(), "{.tmp-*,tmp_pack_*,gc_*tmp}")) {
      for (Path file : files) {
        of(file).ifPresent(found::add);
      }
    } catch (NoSuchFileException e) {
      // A new repository has no pack directory.
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return found;
  }

  private static Optional<StagingFile> of(Path file) throws IOException {
    String name = String.valueOf(file.getFileName());
    Matcher repack = REPACK.matcher(name);
    if (!repack.matches() && !PACK.matcher(name).matches() && !JGIT.matcher(name).matches()) {
      return Optional.empty();
    }
    try {
      OptionalLong pid =
          repack.matches()
              ? OptionalLong.of(Long.parseLong(repack.group(1)))
              : OptionalLong.empty();
      return FileStamp.find(file).map(stamp -> new StagingFile(stamp, pid));
    } catch (ObjectDirectoryException e) {
      return Optional.empty(); // nobody writes to a directory
    }
  }
}
