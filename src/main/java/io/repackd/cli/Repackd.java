package io.repackd.cli;

import io.repackd.platform.Version;
import java.io.PrintWriter;
import java.util.List;
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
      StatusCommand.class,
      PauseCommand.class,
      ResumeCommand.class,
      CheckConfigCommand.class,
      DoctorCommand.class,
      HistoryCommand.class,
      LooseObjectsCommand.class,
      MultiPackIndexSubcommand.class,
      PackAggregateCommand.class
    },
    description = "Keeps git object stores fast while people work in them.")
public final class Repackd {
  private Repackd() {}

  /** Runs the command line and exits with its status. */
  public static void main(String[] arguments) {
    List<String> words = List.of(arguments);
    if (startsWith(MultiPackIndexCommand.NAME, words)) {
      // An orderly exit first searches all jars for a logger that wants to hear of it, and that
      // takes as long as starting did. There is nothing left to be put in order.
      Runtime.getRuntime().halt(run(words));
    }
    System.exit(run(words));
  }

  /** A command that is over in a moment does not wait for picocli, and for what the other commands load. */
  private static int run(List<String> words) {
    if (startsWith(MultiPackIndexCommand.NAME, words)) {
      return MultiPackIndexCommand.ofThisProcess(
              new PrintWriter(System.out), new PrintWriter(System.err, true))
          .run(words.subList(1, words.size()));
    }
    return startsWith(TrainingRun.NAME, words)
        ? TrainingRun.run(words.subList(1, words.size()), Repackd::run)
        : new CommandLine(new Repackd()).execute(words.toArray(String[]::new));
  }

  private static boolean startsWith(String command, List<String> words) {
    return !words.isEmpty() && words.getFirst().equals(command);
  }

  /** What {@code --version} prints. */
  static final class ProgramVersion implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"repackd " + Version.current()};
    }
  }
}
