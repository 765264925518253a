package io.repackd.maintenance;

import io.repackd.objectdir.ObjectDirectory;
import io.repackd.platform.ProcessTable.Census;
import java.io.IOException;

/** Asks who has to do with an object directory at the moment. */
final class Readers {
  private Readers() {}

  /** The processes that use the object directory or its repository; where there is no process table, none are known. */
  static Census census(ObjectDirectory directory) {
    try {
      return directory.readers();
    } catch (IOException e) {
      return Census.none("there is no process table");
    }
  }
}
