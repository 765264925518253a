package io.repackd.objectdir;

import io.repackd.objectdir.FilePublisher.Unpublished;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.TreeSet;

/**
 * The file {@code objects/info/packs}: a list of the packs for whoever fetches files over plain HTTP and cannot list a directory. Most
 * repositories have none; where {@code git update-server-info} has left one, {@code git repack} writes it anew, and so is it here.
 * {@code repack.updateServerInfo = false} turns that off, as for git.
 *
 * <p>A line {@code P pack-….pack} for each pack, and an empty one. Source: gitrepository-layout, git-update-server-info.
 */
public final class InfoPacks {
  private static final String NAME = "packs";

  /** Others come and go meanwhile, and whoever looked first may write last. */
  private static final int MAX_TRIES = 5;

  private InfoPacks() {}

  /**
   * Brings the file up to date, if there is one. What is not a regular file of the object directory's own stays as it is.
   *
   * @return whether it was written
   * @throws IOException if it cannot be written; the old one stays
   */
  public static boolean refresh(ObjectDirectory directory) throws IOException {
    Path info = directory.path().resolve("info");
    Path file = info.resolve(NAME);
    if (!directory.traits().updateServerInfo()
        || !Files.isDirectory(info, LinkOption.NOFOLLOW_LINKS)
        || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    FilePublisher publisher = new FilePublisher(info, directory.traits().permissions());
    publisher.removeAbandoned(NAME);
    boolean written = false;
    String wanted = wanted(directory);
    for (int tries = 0; tries < MAX_TRIES && !says(file, wanted); tries++) {
      write(publisher, wanted);
      written = true;
      wanted = wanted(directory);
    }
    return written;
  }

  private static String wanted(ObjectDirectory directory) throws IOException {
    StringBuilder list = new StringBuilder();
    new TreeSet<>(directory.packNames().keySet())
        .forEach(name -> list.append("P ").append(name).append(".pack\n"));
    return list.append('\n').toString();
  }

  /** In whatever order: git has the youngest first. */
  private static boolean says(Path file, String wanted) throws IOException {
    int bytes = wanted.getBytes(StandardCharsets.UTF_8).length;
    String[] lines = RegularFile.read(file, bytes + 1, StandardCharsets.UTF_8).split("\n", -1);
    String[] wantedLines = wanted.split("\n", -1);
    Arrays.sort(lines);
    Arrays.sort(wantedLines);
    return Arrays.equals(lines, wantedLines);
  }

  private static void write(FilePublisher publisher, String list) throws IOException {
    try (Unpublished unpublished = publisher.create(NAME)) {
      unpublished.write(list);
      unpublished.sync();
      unpublished.publishWritable(NAME);
    }
    publisher.syncDirectory();
  }
}
