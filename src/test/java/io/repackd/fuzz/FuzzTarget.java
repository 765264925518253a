package io.repackd.fuzz;

import java.io.IOException;
import java.nio.file.Path;

/** A parser, and what has to hold of whatever it makes of its input. */
public interface FuzzTarget {
  /**
   * Reads an input.
   *
   * @param directory where the files may lie that it is to be read from
   * @throws IOException what the program says of a malformed file: the message names one
   */
  void read(FuzzInput input, Path directory) throws IOException;
}
