package io.repackd.maintenance;

import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.StoredPack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Remembers which packs were read from end to end and found sound, for some hours: whoever is kept from deleting what they cover
 * need not read them in each of its cycles.
 *
 * <p>A pack is known by inode, size, time of modification and time of change, of both its files. None of these tells when a disk
 * spoils a bit; so what is remembered grows old.
 */
final class SoundPacks {
  /** Some cycles of the usual hour. */
  static final Duration REMEMBERED = Duration.ofHours(6);

  private final Map<Path, Reading> readings = new ConcurrentHashMap<>();

  private record State(FileStamp stamp, Object changed) {
    static State of(Path path) throws IOException {
      return new State(
          FileStamp.of(path), Files.getAttribute(path, "unix:ctime", LinkOption.NOFOLLOW_LINKS));
    }
  }

  private record Reading(State data, State index, Instant time) {}

  /** A pack as it is before it is read. */
  Candidate candidate(StoredPack pack, Instant now) throws IOException {
    return new Candidate(
        pack.data().path(),
        new Reading(State.of(pack.data().path()), State.of(pack.index().path()), now));
  }

  /** A pack that is about to be read. */
  final class Candidate {
    private final Path path;
    private final Reading reading;

    private Candidate(Path path, Reading reading) {
      this.path = path;
      this.reading = reading;
    }

    /** Whether it was read not long ago, and its files are the same. */
    boolean known() {
      Reading last = readings.get(path);
      return last != null
          && last.data().equals(reading.data())
          && last.index().equals(reading.index())
          && !last.time().isAfter(reading.time())
          && last.time().plus(REMEMBERED).isAfter(reading.time());
    }

    /** Notes that it was read in full and is sound. */
    void found() {
      readings.values().removeIf(last -> !last.time().plus(REMEMBERED).isAfter(reading.time()));
      readings.put(path, reading);
    }
  }
}
