package io.repackd.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What Jazzer calls: feeds one target, which its argument names, in the directory that a property names. */
public final class FuzzDriver {
  /** The property that says where the files lie which are read: in memory, if it can be. */
  static final String DIRECTORY = "repackd.fuzz.directory";

  private static FuzzTargets target = FuzzTargets.PACK_INDEX;
  private static Path directory = Path.of("");

  private FuzzDriver() {}

  public static void fuzzerInitialize(String[] arguments) {
    target = FuzzTargets.valueOf(arguments[0]);
    try {
      directory = Files.createDirectories(Path.of(System.getProperty(DIRECTORY)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static void fuzzerTestOneInput(byte[] input) {
    boolean _ = feed(target.make(), input, directory);
  }

  /**
   * Feeds a target.
   *
   * @return whether it took the input; false if it refused it, and named a file
   * @throws AssertionError if it refused it otherwise
   */
  static boolean feed(FuzzTarget target, byte[] input, Path directory) {
    try {
      target.read(new FuzzInput(input), directory);
      return true;
    } catch (IOException e) {
      if (!String.valueOf(e.getMessage()).contains(directory.toString())) {
        throw new AssertionError("no file is named: " + e, e);
      }
      return false;
    }
  }
}
