package io.repackd.maintenance;

import io.repackd.objectdir.ObjectDirectory;
import io.repackd.platform.ProcessTable;
import io.repackd.platform.ProcessTable.Census;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;

/** Asks who has to do with an object directory at the moment. */
final class Readers {
  private Readers() {}

  /** The processes in the object directory and its repository; where there is no process table, none are known. */
  static Census census(ObjectDirectory directory) {
    try {
      return new ProcessTable().census(new HashSet<>(directory.directoriesOfReaders()));
    } catch (IOException e) {
      return new Census(List.of(), Integer.MAX_VALUE);
    }
  }
}
