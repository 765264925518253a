package io.repackd.schedule;

import io.repackd.config.AggregateSettings;
import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.platform.Cancellation;
import io.repackd.platform.Pacer;
import io.repackd.registry.Registration;
import io.repackd.schedule.NextLook.Arrivals;
import io.repackd.schedule.NextLook.Look;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The aggregate loop beside the cycles: looks now and then, and soon after a pack came, whether a registered repository has
 * something to bundle, and if so has it bundled.
 *
 * <p>One repository at a time, on a thread of its own: rounds are short, and a cycle, which may be long, does not hold them
 * up. Where a cycle runs it is not looked: the cycle has its own loop. When the next look is due says {@link NextLook}.
 *
 * <p>A round under way is ended through its {@link Cancellation}, as a cycle is. Thread-safe.
 */
public final class AggregateScheduler {
  private static final Logger LOG = LoggerFactory.getLogger(AggregateScheduler.class);

  /** Rounds are bound by the disk, and by the memory that each takes. */
  private static final int MAX_CONCURRENT = 1;

  /** A repository and what has happened there since the last look. Guarded by the scheduler. */
  private static final class Watched {
    Registration registration;
    Instant dueAnyway;
    Optional<Instant> ripe = Optional.empty();
    Optional<Arrivals> arrivals = Optional.empty();
    int inVain;

    Watched(Registration registration, Instant dueAnyway) {
      this.registration = registration;
      this.dueAnyway = dueAnyway;
    }

    Instant due() {
      return arrivals.map(Arrivals::look).filter(dueAnyway::isAfter).orElse(dueAnyway);
    }
  }

  /** A look or a round under way. */
  private record Running(Registration registration, Cancellation cancellation) {}

  private final AggregateRounds rounds;
  private final Predicate<Path> cycleRuns;
  private final Pacer pacer;
  private final Clock clock;
  private final NextLook nextLook;
  private final Triggers triggers;
  private final PackDirectoryWatch watch;

  // All guarded by this.
  private final Map<Path, Watched> repositories = new LinkedHashMap<>();
  private @Nullable Running running;
  private boolean stopping;

  /**
   * A scheduler which knows no repositories and has not been started.
   *
   * @param cycleRuns whether a cycle runs in an object directory
   * @param pacer makes a running round wait
   */
  public AggregateScheduler(
      AggregateRounds rounds, Predicate<Path> cycleRuns, Pacer pacer, Clock clock) {
    this.rounds = rounds;
    this.cycleRuns = cycleRuns;
    this.pacer = pacer;
    this.clock = clock;
    this.nextLook = new NextLook(clock);
    this.triggers = new Triggers("aggregate", this::look, MAX_CONCURRENT);
    this.watch = new PackDirectoryWatch(this::arrived);
  }

  /** Begins to look. */
  public void start() {
    triggers.start();
  }

  /** Whether what is due is being started: false once the thread that starts looks has died or hangs. */
  public boolean responsive() {
    return triggers.responsive();
  }

  /** Whether it is being looked, or a round runs. */
  public synchronized boolean busy() {
    return running != null;
  }

  /**
   * Replaces the registered repositories, told apart by their object directories; those that are disabled, or whose loop is, are
   * left out. A round that runs in one which is no longer there is let run to its end. May be called again with the same:
   * then pack directories that have come, or come back, are watched.
   */
  public void update(Collection<Registration> registrations) {
    Optional<Set<Path>> wanted = replace(registrations);
    // Not under the lock: a file system may hang.
    wanted.ifPresent(watch::update);
  }

  private synchronized Optional<Set<Path>> replace(Collection<Registration> registrations) {
    if (stopping) {
      return Optional.empty();
    }
    Map<Path, Registration> wanted = new LinkedHashMap<>();
    for (Registration registration : registrations) {
      if (registration.settings().enabled() && registration.settings().aggregate().enabled()) {
        wanted.putIfAbsent(registration.location().objectDirectory(), registration);
      }
    }
    for (Path objectDirectory : Set.copyOf(repositories.keySet())) {
      if (!wanted.containsKey(objectDirectory)) {
        repositories.remove(objectDirectory);
        triggers.remove(objectDirectory);
      }
    }
    wanted.forEach(this::follow);
    return Optional.of(Set.copyOf(wanted.keySet()));
  }

  private void follow(Path objectDirectory, Registration registration) {
    Watched known = repositories.get(objectDirectory);
    boolean same = known != null && known.registration.equals(registration);
    if (same && triggers.due(objectDirectory).isPresent()) {
      return;
    }
    Watched repository = known == null ? new Watched(registration, nextLook.first()) : known;
    repository.registration = registration;
    repository.dueAnyway = nextLook.first();
    repositories.put(objectDirectory, repository);
    set(objectDirectory, repository);
  }

  /** Sets the trigger; where it is being looked just now, the end of that does. */
  private void set(Path objectDirectory, Watched repository) {
    boolean runs =
        running != null
            && running.registration.location().objectDirectory().equals(objectDirectory);
    if (!runs) {
      triggers.set(
          objectDirectory, repository.due().truncatedTo(ChronoUnit.MILLIS)); // As Quartz counts.
    }
  }

  /** A pack has come. */
  synchronized void arrived(Path objectDirectory) {
    Watched repository = repositories.get(objectDirectory);
    if (stopping || repository == null) {
      return;
    }
    Instant now = clock.instant();
    Instant first = repository.arrivals.map(Arrivals::first).orElse(now);
    repository.arrivals = Optional.of(new Arrivals(first, now));
    repository.inVain = 0;
    set(objectDirectory, repository);
  }

  /** When it is next looked at a repository; empty if it is not, or is being looked at. */
  synchronized Optional<Instant> next(Path objectDirectory) {
    return triggers.due(objectDirectory);
  }

  /** Looks, as when it is due. */
  void look(Path objectDirectory) {
    begin(objectDirectory)
        .ifPresent(begun -> {
          Look look = Look.IN_VAIN;
          try {
            look = lookAndRun(objectDirectory, begun);
          } catch (IOException e) {
            // Whoever counts the packs of a repository says that it cannot be read.
            LOG.debug("cannot look at {}: {}", begun.registration.name(), e.toString());
          } catch (Throwable e) { // An Error too, as with a cycle.
            LOG.error("aggregation of {} broke off: {}", begun.registration.name(), e.toString());
            LOG.debug("aggregation of {} broke off", begun.registration.name(), e);
          } finally {
            end(objectDirectory, look);
          }
        });
  }

  private Look lookAndRun(Path objectDirectory, Running begun) throws IOException {
    if (cycleRuns.test(objectDirectory) || !rounds.worthwhile(begun.registration)) {
      return Look.IDLE;
    }
    Work work = rounds.run(begun.registration, begun.cancellation).work();
    return work.equals(Work.NONE) ? Look.IN_VAIN : Look.DONE;
  }

  private synchronized Optional<Running> begin(Path objectDirectory) {
    Watched repository = repositories.get(objectDirectory);
    if (stopping || repository == null) {
      return Optional.empty();
    }
    Thread.currentThread().setName("aggregate " + repository.registration.name());
    Instant now = clock.instant();
    // What came last may be too young for this look.
    repository.arrivals =
        repository
            .arrivals
            .filter(arrivals -> arrivals.last().plus(NextLook.QUIET).isAfter(now))
            .map(arrivals -> new Arrivals(arrivals.last(), arrivals.last()));
    Running begun = new Running(repository.registration, new Cancellation(pacer));
    running = begun;
    return Optional.of(begun);
  }

  private synchronized void end(Path objectDirectory, Look look) {
    running = null;
    notifyAll();
    Watched repository = repositories.get(objectDirectory);
    if (repository == null || stopping) {
      return;
    }
    AggregateSettings settings = repository.registration.settings().aggregate();
    Instant now = clock.instant();
    repository.ripe =
        look == Look.DONE
            ? Optional.of(nextLook.ripe(settings))
            : repository.ripe.filter(now::isBefore);
    repository.inVain = look == Look.IN_VAIN ? repository.inVain + 1 : 0;
    Instant due = nextLook.after(look, settings, repository.inVain);
    repository.dueAnyway = repository.ripe.filter(due::isAfter).orElse(due);
    set(objectDirectory, repository);
  }

  /** Begins no look any more, and asks the round that runs to end. Waits for nothing. */
  public void cancel() {
    synchronized (this) {
      if (running != null) {
        running.cancellation.request();
      }
      if (stopping) {
        return;
      }
      stopping = true;
    }
    triggers.stop();
    watch.close();
  }

  /**
   * Does as {@link #cancel}, and waits.
   *
   * @param grace for how long
   * @return the name of the repository whose round has not ended
   */
  public Optional<String> stop(Duration grace) {
    cancel();
    long deadlineNanos = System.nanoTime() + grace.toNanos();
    synchronized (this) {
      long remainingNanos = grace.toNanos();
      while (running != null && remainingNanos > 0) {
        try {
          wait(Math.ceilDiv(remainingNanos, 1_000_000));
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          break;
        }
        remainingNanos = deadlineNanos - System.nanoTime();
      }
      return Optional.ofNullable(running).map(left -> left.registration().name());
    }
  }
}
