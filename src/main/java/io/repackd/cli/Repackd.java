package io.repackd.cli;

import io.repackd.platform.Version;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code repackd} command: a subcommand for each thing it does. */
@Command(
    name = "repackd",
    mixinStandardHelpOptions = true,
    versionProvider = Repackd.ProgramVersion.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      RunCommand.class,
      OnceCommand.class,
      PlanCommand.class,
      ListCommand.class,
      CheckConfigCommand.class,
      HistoryCommand.class
    },
    description = "Keeps git object stores fast while people work in them.")
public final class Repackd {
  private Repackd() {}

  /** Runs the command line and exits with its status. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new Repackd()).execute(arguments));
  }

  /** What {@code --version} prints. */
  static final class ProgramVersion implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"repackd " + Version.current()};
    }
  }
}
