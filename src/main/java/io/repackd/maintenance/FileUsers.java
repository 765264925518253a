package io.repackd.maintenance;

import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.FileLease;
import io.repackd.platform.FileLease.LeasedException;
import io.repackd.platform.FileLease.Use;
import io.repackd.platform.ProcessTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Asks the kernel whether anybody uses a file, whoever it is and wherever it runs, by trying for a lease. */
final class FileUsers {
  /** In another container or of another user; or it is this process, which counts as anybody does. */
  private static final String UNSEEN = "somebody who is not seen";

  private FileUsers() {}

  /**
   * An answer.
   *
   * @param use whether somebody uses the file; nothing is held any more when this is told
   * @param who the users that can be named, or why nothing was learnt
   */
  record Answer(Use use, String who) {
    private static final Answer NOBODY = new Answer(Use.NOBODY, "");
  }

  /** Whether anybody uses the pack or its index, be it hidden at the moment. */
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
      Use use = lease.take();
      if (use == Use.SOMEBODY) {
        return new Answer(use, names(file));
      }
      return use == Use.NOBODY ? Answer.NOBODY : new Answer(use, lease.whyUnknown());
    } catch (LeasedException e) {
      return new Answer(Use.SOMEBODY, "somebody who is about to delete it");
    } catch (IOException e) {
      return Files.notExists(path)
          ? Answer.NOBODY
          : new Answer(Use.UNKNOWN, String.valueOf(e.getMessage()));
    }
  }

  /** Who the users of a file are, as far as the process table shows them by its inode. */
  static String names(FileStamp file) {
    try {
      List<String> users = new ProcessTable().usersOf(file.device(), file.inode());
      return users.isEmpty() ? UNSEEN : String.join(", ", users);
    } catch (IOException e) {
      return UNSEEN;
    }
  }
}
