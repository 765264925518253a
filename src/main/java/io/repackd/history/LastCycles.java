package io.repackd.history;

import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * When the last cycle of each object directory was. Reads what the file has gained since it was last asked, so that a
 * thousand repositories do not read the whole history a thousand times.
 */
final class LastCycles {
  private final LineFile file;

  /** More than these say no more. */
  private static final int MAX_REPACKS = 100;

  private final Map<Path, Times> times = new HashMap<>();
  private final Map<Path, Integer> failures = new HashMap<>();
  private final Map<Path, List<Instant>> repacks = new HashMap<>();
  private @Nullable Object fileKey;
  private long offset;

  LastCycles(LineFile file) {
    this.file = file;
  }

  /**
   * When the last cycles of an object directory began.
   *
   * @param started the last one
   * @param succeeded the last one that ended well
   */
  record Times(Instant started, Optional<Instant> succeeded) {
    Times plus(Times other) {
      return new Times(
          later(started, other.started),
          succeeded
              .map(one -> other.succeeded.map(two -> later(one, two)).orElse(one))
              .or(() -> other.succeeded));
    }

    private static Instant later(Instant one, Instant other) {
      return one.isBefore(other) ? other : one;
    }
  }

  synchronized Optional<Times> of(Path objectDirectory) throws IOException {
    refresh();
    return Optional.ofNullable(times.get(objectDirectory));
  }

  /** How many of the last cycles failed in a row. */
  synchronized int failuresInARow(Path objectDirectory) throws IOException {
    refresh();
    return failures.getOrDefault(objectDirectory, 0);
  }

  /** When the cycles began that repacked since one last deleted packs, the oldest first; at most 100. */
  synchronized List<Instant> repacksWithoutExpiry(Path objectDirectory) throws IOException {
    refresh();
    return List.copyOf(repacks.getOrDefault(objectDirectory, List.of()));
  }

  /** The file may be replaced by a shorter one while it is read. What was read stays true; the new one is read from its start. */
  private void refresh() throws IOException {
    while (true) {
      BasicFileAttributes before;
      try {
        before = Files.readAttributes(file.path(), BasicFileAttributes.class);
      } catch (NoSuchFileException e) {
        return;
      }
      Object key = before.fileKey();
      if (!key.equals(fileKey) || before.size() < offset) {
        fileKey = key;
        offset = 0;
        // What is counted would be counted twice.
        failures.clear();
        repacks.clear();
      }
      if (before.size() == offset) {
        return;
      }
      offset = file.read(offset, line -> CycleJson.parse(line).ifPresent(this::add));
      if (key.equals(key())) {
        return;
      }
    }
  }

  private @Nullable Object key() throws IOException {
    try {
      return Files.readAttributes(file.path(), BasicFileAttributes.class).fileKey();
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  private void add(CycleOutcome cycle) {
    if (cycle.result() == Result.SKIPPED) {
      return;
    }
    Optional<Instant> succeeded =
        cycle.result() == Result.OK ? Optional.of(cycle.started()) : Optional.empty();
    times.merge(cycle.objectDirectory(), new Times(cycle.started(), succeeded), Times::plus);
    switch (cycle.result()) {
      case OK -> failures.remove(cycle.objectDirectory());
      case FAILED, DEGRADED -> failures.merge(cycle.objectDirectory(), 1, Integer::sum);
      case SKIPPED, CANCELLED -> {}
    }
    List<Instant> since = repacks.computeIfAbsent(cycle.objectDirectory(), _ -> new ArrayList<>());
    if (cycle.expired()) {
      since.clear();
    }
    if (cycle.repacked() && since.size() < MAX_REPACKS) {
      since.add(cycle.started());
    }
  }
}
