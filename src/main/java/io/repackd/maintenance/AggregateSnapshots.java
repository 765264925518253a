package io.repackd.maintenance;

import io.repackd.maintenance.AggregateSnapshot.Listed;
import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.UnsupportedIndexException;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.CorruptFileException;
import io.repackd.platform.BootClock;
import io.repackd.platform.ProcessTable.Census;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Takes the snapshots upon which a round of aggregation is planned. */
final class AggregateSnapshots {
  private final ObjectDirectory directory;
  private final AggregateMemory memory;
  private final SafetyWindow window;
  private final Duration unseenMinAge;
  private final Clock clock;
  private final BootClock bootClock;

  /**
   * Takes them.
   *
   * @param unseenMinAge how long superseded packs stay at least where there may be readers who are not seen
   */
  AggregateSnapshots(
      ObjectDirectory directory,
      AggregateMemory memory,
      SafetyWindow window,
      Duration unseenMinAge,
      Clock clock,
      BootClock bootClock) {
    this.directory = directory;
    this.memory = memory;
    this.window = window;
    this.unseenMinAge = unseenMinAge;
    this.clock = clock;
    this.bootClock = bootClock;
  }

  /**
   * Takes a snapshot.
   *
   * @param packs the packs that were listed
   * @param own the names of packs that the round itself has written
   */
  AggregateSnapshot take(List<StoredPack> packs, Set<String> own) throws IOException {
    Census census = Readers.census(directory);
    memory.forgetAllBut(directory, packs);
    Map<String, Supersession> superseded = Supersession.among(packs);
    return new AggregateSnapshot(
        clock.instant(),
        bootClock.now(),
        directory.hash(),
        packs,
        listed(directory),
        superseded,
        memory.damagedOf(packs),
        own,
        foreign(census),
        census,
        evidence(packs, superseded, window::look),
        unseenMinAge);
  }

  /** The same packs with the index and the processes of this moment. May be asked for under the lock of the index. */
  AggregateSnapshot again(AggregateSnapshot snapshot) throws IOException {
    Census census = Readers.census(directory);
    return snapshot.at(
        clock.instant(),
        bootClock.now(),
        listed(directory),
        foreign(census),
        census,
        evidence(snapshot.packs(), snapshot.superseded(), window::lookBriefly));
  }

  /** A way to ask the kernel. */
  private interface Look {
    Evidence at(ObjectDirectory directory, List<StoredPack> packs, Instant now) throws IOException;
  }

  private Evidence evidence(List<StoredPack> packs, Map<String, Supersession> superseded, Look look)
      throws IOException {
    List<StoredPack> doomed =
        packs.stream().filter(pack -> Supersession.isWhole(superseded.get(pack.name()))).toList();
    return doomed.isEmpty() ? Evidence.NONE : look.at(directory, doomed, clock.instant());
  }

  private Optional<String> foreign(Census census) throws IOException {
    return OtherMaintenance.seen(directory, census, clock.instant());
  }

  /** Reads which packs the installed multi-pack-index lists. */
  static Listed listed(ObjectDirectory directory) throws IOException {
    if (Files.exists(directory.indexChainFile())) {
      return untold(
          directory,
          "%s is an incremental multi-pack-index, which is left alone"
              .formatted(directory.indexChainFile()));
    }
    Optional<FileStamp> index = FileStamp.find(directory.indexFile());
    if (index.isEmpty()) {
      return new Listed(Set.of(), Optional.empty(), directory.indexFile(), 0);
    }
    try (Arena arena = Arena.ofConfined()) {
      List<String> names =
          MultiPackIndex.open(directory.indexFile(), directory.hash(), arena).packNames();
      return new Listed(
          Set.copyOf(names), Optional.empty(), directory.indexFile(), index.get().inode());
    } catch (CorruptFileException | UnsupportedIndexException e) {
      return untold(directory, e.getMessage());
    }
  }

  private static Listed untold(ObjectDirectory directory, String why) {
    return new Listed(Set.of(), Optional.of(why), directory.indexFile(), 0);
  }
}
