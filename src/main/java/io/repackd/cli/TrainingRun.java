package io.repackd.cli;

import java.util.List;
import java.util.function.ToIntFunction;

/**
 * Several commands in one process, for {@code daemon/train-aot}: the JVM learns from one process at a time, and every command is
 * to be learned. Not for people, so no help mentions it.
 *
 * <pre>repackd training-run once --now --config F --then multi-pack-index --object-dir=D write</pre>
 */
final class TrainingRun {
  static final String NAME = "training-run";

  private static final String THEN = "--then";

  private TrainingRun() {}

  /**
   * Runs one command after the other, until one fails.
   *
   * @param arguments the commands with their arguments, and {@code --then} between them
   * @param command runs one of them, and returns its exit status
   * @return the status of the last that was run
   */
  static int run(List<String> arguments, ToIntFunction<List<String>> command) {
    int then = arguments.indexOf(THEN);
    List<String> first = then < 0 ? arguments : arguments.subList(0, then);
    int status = command.applyAsInt(first);
    return then < 0 || status != 0
        ? status
        : run(arguments.subList(then + 1, arguments.size()), command);
  }
}
