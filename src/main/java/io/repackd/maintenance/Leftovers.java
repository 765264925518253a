package io.repackd.maintenance;

import io.repackd.objectdir.ObjectDirectory;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The temporary files of a repackd that died. Their names have a form that git's never have, and only one process at a time
 * writes such files: the one that holds the maintenance lock. So whoever holds it now may remove them.
 */
final class Leftovers {
  private static final Pattern OURS =
      Pattern.compile("tmp_(pack|idx|rev|promisor|midx)_[0-9a-f]{32}");

  private final ObjectDirectory directory;

  Leftovers(ObjectDirectory directory) {
    this.directory = directory;
  }

  /**
   * Removes them.
   *
   * @return how many there were
   */
  int remove() throws IOException {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(directory.packDirectory(), "tmp_*")) {
      for (Path file : files) {
        if (OURS.matcher(String.valueOf(file.getFileName())).matches()
            && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
          found.add(file);
        }
      }
    } catch (NoSuchFileException e) {
      return 0;
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    for (Path file : found) {
      Files.deleteIfExists(file);
    }
    return found.size();
  }
}
