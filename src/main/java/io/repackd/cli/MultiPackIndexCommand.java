package io.repackd.cli;

import io.repackd.config.BatchSize;
import io.repackd.maintenance.IndexFaultsException;
import io.repackd.maintenance.RequestFailedException;
import io.repackd.maintenance.RequestListener;
import io.repackd.maintenance.RequestedMaintenance;
import io.repackd.maintenance.RequestedMaintenance.Selection;
import io.repackd.midx.Fault;
import io.repackd.midx.MultiPackIndexVerifier.Level;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryLocation;
import io.repackd.objectdir.RepositorySearch;
import io.repackd.pack.CorruptFileException;
import io.repackd.platform.CancelledException;
import io.repackd.platform.Reason;
import io.repackd.platform.StandardError;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * {@code repackd multi-pack-index}: stands in for {@code git multi-pack-index}, with its options, its exit statuses and its
 * effect.
 *
 * <p>Its time is compared to git's, so it is made without picocli (see {@link GitArguments}), and reads no configuration of
 * repackd's: {@link MultiPackIndexSubcommand} is what picocli knows of it.
 *
 * <p>Where git 2.39 and later ones give different statuses, scripts are likelier to rely on the old ones, which most machines
 * have: 1 and not 255 if there are no packs, and 1 and not 128 if the fanout is out of order. Only {@code -h} gives 0, as it
 * does lately, and not 129.
 */
final class MultiPackIndexCommand {
  static final String NAME = "multi-pack-index";

  private static final int OK = 0;

  /** Faults were found, or what was asked for cannot be done: where git returns from its verb with an error. */
  private static final int FAILED = 1;

  /** Where git dies. */
  private static final int FATAL = 128;

  /** Where git prints how it is used. */
  private static final int USAGE = 129;

  /** What a shell says of a command that was ended from the keyboard. */
  private static final int INTERRUPTED = 130;

  private final RepositorySearch search;
  private final InputStream in;
  private final PrintWriter out;
  private final PrintWriter errors;
  private final boolean terminal;

  /**
   * A command.
   *
   * @param search finds the repository
   * @param in where names of packs are read from, if that is asked for
   * @param out takes help
   * @param errors takes everything else
   * @param terminal whether somebody is looking, who wants to see progress
   */
  MultiPackIndexCommand(
      RepositorySearch search,
      InputStream in,
      PrintWriter out,
      PrintWriter errors,
      boolean terminal) {
    this.search = search;
    this.in = in;
    this.out = out;
    this.errors = errors;
    this.terminal = terminal;
  }

  /** The command as it is run in this process. */
  static MultiPackIndexCommand ofThisProcess(PrintWriter out, PrintWriter errors) {
    return new MultiPackIndexCommand(
        new RepositorySearch(Path.of(""), System.getenv()),
        System.in,
        out,
        errors,
        StandardError.isTerminal());
  }

  /**
   * Runs the command.
   *
   * @param arguments what follows its name
   * @return the exit status
   */
  int run(List<String> arguments) {
    try {
      return dispatch(arguments);
    } catch (UsageException e) {
      errors.println("error: " + e.getMessage());
      errors.println("see: repackd multi-pack-index --help");
      return USAGE;
    } finally {
      out.flush();
      errors.flush();
    }
  }

  private int dispatch(List<String> arguments) throws UsageException {
    GitArguments before =
        GitArguments.parseToFirstWord(MultiPackIndexVerb.OPTIONS_OF_ALL, arguments);
    if (before.help()) {
      out.print(MultiPackIndexVerb.HELP);
      return OK;
    }
    if (before.words().isEmpty()) {
      throw new UsageException("which of write, verify, expire and repack is to be done?");
    }
    String word = before.words().getFirst();
    List<String> rest = before.words().subList(1, before.words().size());
    if (word.equals(MultiPackIndexVerb.REFUSED_VERB)) {
      return fatal(MultiPackIndexVerb.NO_CHAINS);
    }
    MultiPackIndexVerb verb =
        MultiPackIndexVerb.of(word)
            .orElseThrow(() -> new UsageException("unknown subcommand: " + word));
    GitArguments given = GitArguments.parse(verb.options(), rest).after(before);
    if (given.help()) {
      out.print(verb.help());
      return OK;
    }
    if (!given.words().isEmpty()) {
      throw new UsageException(
          "%s takes no further argument: %s".formatted(word, given.words().getFirst()));
    }
    return carryOut(verb, given);
  }

  private int carryOut(MultiPackIndexVerb verb, GitArguments given) throws UsageException {
    Optional<String> refusal = MultiPackIndexVerb.refusal(given);
    if (refusal.isPresent()) {
      return fatal(refusal.get());
    }
    Level level = level(given);
    BatchSize batchSize = batchSize(given);
    try (StopRequest stop = new StopRequest()) {
      RequestedMaintenance maintenance =
          new RequestedMaintenance(
              ObjectDirectory.open(locate(given)),
              Clock.systemUTC(),
              stop.cancellation(),
              new Lines(progress(given)));
      switch (verb) {
        case WRITE -> maintenance.write(selection(given));
        case VERIFY -> {
          return report(maintenance.verify(level));
        }
        case EXPIRE -> maintenance.expire();
        case REPACK -> maintenance.repack(batchSize);
      }
      return OK;
    } catch (CancelledException e) {
      return INTERRUPTED;
    } catch (IndexFaultsException e) {
      errors.println(
          "error: nothing is deleted by an index that is wrong, or beside damaged packs");
      return report(e.faults());
    } catch (RequestFailedException e) {
      return failed(e.getMessage());
    } catch (CorruptFileException e) {
      // Git dies of an index that it cannot read. Packs are read by another process, which fails.
      return e.file().endsWith("multi-pack-index") ? fatal(e.getMessage()) : failed(e.getMessage());
    } catch (IOException e) {
      return fatal(describe(e));
    }
  }

  private int failed(String message) {
    errors.println("error: " + message);
    return FAILED;
  }

  private int fatal(String message) {
    errors.println("fatal: " + message);
    return FATAL;
  }

  private static String describe(IOException error) {
    return error instanceof FileSystemException file
        ? "cannot use %s: %s".formatted(file.getFile(), Reason.of(file))
        : Reason.of(error);
  }

  private RepositoryLocation locate(GitArguments given) throws IOException, UsageException {
    Optional<String> named = given.value(MultiPackIndexVerb.OBJECT_DIR);
    try {
      return named.isPresent() ? search.objectDirectory(Path.of(named.get())) : search.search();
    } catch (InvalidPathException e) {
      throw new UsageException("--object-dir: %s is no path".formatted(named.orElse("")));
    }
  }

  private boolean progress(GitArguments given) {
    return given.decides(MultiPackIndexVerb.PROGRESS)
        ? given.has(MultiPackIndexVerb.PROGRESS)
        : terminal;
  }

  private static Level level(GitArguments given) throws UsageException {
    String name = given.value(MultiPackIndexVerb.LEVEL).orElse("indexes");
    return switch (name) {
      case "structure" -> Level.STRUCTURE;
      case "indexes" -> Level.INDEXES;
      case "packs" -> Level.PACKS;
      default ->
          throw new UsageException(
              "option --level takes structure, indexes or packs, and not '%s'".formatted(name));
    };
  }

  private static BatchSize batchSize(GitArguments given) throws UsageException {
    String text = given.value(MultiPackIndexVerb.BATCH_SIZE).orElse("0");
    long bytes = GitArguments.magnitude(MultiPackIndexVerb.BATCH_SIZE, text);
    return bytes == 0 ? new BatchSize.Everything() : new BatchSize.Bytes(bytes);
  }

  private Selection selection(GitArguments given) throws IOException {
    return new Selection(
        given.value(MultiPackIndexVerb.PREFERRED_PACK),
        given.has(MultiPackIndexVerb.STDIN_PACKS) ? Optional.of(readNames()) : Optional.empty());
  }

  private Set<String> readNames() throws IOException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    Set<String> names = new HashSet<>();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      names.add(line);
    }
    return names;
  }

  /** Prints the faults; returns the status of the worst of them. */
  private int report(List<Fault> faults) {
    int worst = OK;
    for (Fault fault : faults) {
      errors.println(
          "%s (%s): %s%s"
              .formatted(
                  fault.kind().label(), fault.type().label(), fault.message(), advice(fault)));
      worst = Math.max(worst, status(fault.type()));
    }
    return worst;
  }

  private static String advice(Fault fault) {
    return fault.kind() == Fault.Kind.PACK_GONE
        ? "; packs were replaced meanwhile, or are gone: look again"
        : "";
  }

  /** What git's verify does about a fault: it dies of those which keep it from reading on, and reports the others. */
  private static int status(Fault.Type type) {
    return switch (type) {
      case SIGNATURE, CHUNK_MISSING, CHUNK_LENGTH, PACK_NAME_ORDER, PACK_NUMBER, LARGE_OFFSET ->
          FATAL;
      case LENGTH,
          HASH_FUNCTION,
          CHUNK_TABLE,
          PACK_NAME,
          FANOUT,
          CHECKSUM,
          NO_OBJECTS,
          OBJECT_ORDER,
          REVERSE_INDEX,
          BITMAPPED_PACKS,
          PACK_GONE,
          PACK_INDEX,
          PACK_FILE,
          OFFSET,
          PACK_CONTENT ->
          FAILED;
    };
  }

  /** Prints what the verb has to say. */
  private final class Lines implements RequestListener {
    private final boolean progress;

    Lines(boolean progress) {
      this.progress = progress;
    }

    @Override
    public void warn(String line) {
      errors.println("warning: " + line);
    }

    @Override
    public void begin(String step) {
      if (progress) {
        errors.println(step);
        errors.flush();
      }
    }
  }
}
