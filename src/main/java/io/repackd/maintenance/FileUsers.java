package io.repackd.maintenance;

import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.FileLease;
import io.repackd.platform.FileLease.LeasedException;
import io.repackd.platform.FileLease.Use;
import io.repackd.platform.ProcessTable;
import io.repackd.platform.ProcessTable.Inode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Asks the kernel whether anybody uses a file, whoever it is and wherever it runs, by trying for a lease.
 *
 * <p>That takes some microseconds. To name the users takes a look at each file of each process, so it is another question, asked for
 * many files at once, and never under the lock of the multi-pack-index.
 */
final class FileUsers {
  /** In another container or of another user; or it is this process, which counts as anybody does. */
  static final String UNSEEN = "somebody who is not seen";

  private FileUsers() {}

  /**
   * An answer.
   *
   * @param use whether somebody uses the file; nothing is held any more when this is told
   * @param file which file it is about
   * @param why why nothing was learnt; empty if something was
   */
  record Answer(Use use, FileStamp file, String why) {
    Answer(Use use, FileStamp file) {
      this(use, file, "");
    }
  }

  /** Whether anybody uses the pack or its index, be it hidden at the moment. If somebody does, one of the two files is told. */
  static Answer of(StoredPack pack) {
    Answer data = of(pack.data().path(), pack.data());
    if (data.use() != Use.NOBODY) {
      return data;
    }
    Path index = pack.index().path();
    Path hidden = index.resolveSibling(Leftovers.hiddenName(pack.name()));
    return of(Files.exists(hidden) ? hidden : index, pack.index());
  }

  /**
   * Whether anybody uses a file.
   *
   * @param path where it lies at the moment
   * @param file how it was found
   */
  static Answer of(Path path, FileStamp file) {
    try (FileLease lease = FileLease.open(path)) {
      return new Answer(lease.take(), file, lease.whyUnknown());
    } catch (LeasedException e) {
      return new Answer(Use.SOMEBODY, file); // who asks the same, or is about to delete it
    } catch (IOException e) {
      return Files.notExists(path)
          ? new Answer(Use.NOBODY, file)
          : new Answer(Use.UNKNOWN, file, String.valueOf(e.getMessage()));
    }
  }

  /** Who the users of files are, as far as the process table shows them by its inodes, in words, for each file. */
  static Map<FileStamp, String> names(Collection<FileStamp> files) {
    Map<Inode, List<String>> users = users(files);
    Map<FileStamp, String> names = new HashMap<>();
    for (FileStamp file : files) {
      List<String> found = users.getOrDefault(inode(file), List.of());
      names.put(file, found.isEmpty() ? UNSEEN : String.join(", ", found));
    }
    return names;
  }

  private static Map<Inode, List<String>> users(Collection<FileStamp> files) {
    try {
      return new ProcessTable()
          .usersOf(files.stream().map(FileUsers::inode).collect(Collectors.toSet()));
    } catch (IOException e) {
      return Map.of();
    }
  }

  private static Inode inode(FileStamp file) {
    return new Inode(file.device(), file.inode());
  }
}
