package io.repackd.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/** What picocli knows of {@link MultiPackIndexCommand}: that it is there. It reads its arguments itself. */
@Command(
    name = MultiPackIndexCommand.NAME,
    description =
        "Does what git multi-pack-index does: write, verify, expire or repack, for scripts and by"
            + " hand.")
final class MultiPackIndexSubcommand implements Callable<Integer> {
  @Unmatched private List<String> arguments = new ArrayList<>();

  /** Set by picocli. */
  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Override
  public Integer call() {
    return MultiPackIndexCommand.ofThisProcess(
            spec.commandLine().getOut(), spec.commandLine().getErr())
        .run(arguments);
  }
}
