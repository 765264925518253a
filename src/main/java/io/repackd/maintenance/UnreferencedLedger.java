package io.repackd.maintenance;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigSyntax;
import com.typesafe.config.ConfigValueFactory;
import io.repackd.midx.OwnerCounts;
import io.repackd.objectdir.FilePublisher;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.SharedPermissions;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.ProcessStamp;
import io.repackd.platform.ProcessTable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Remembers, across restarts, since when each pack of an object directory owns nothing: the safety window counts from there.
 *
 * <p>One JSON file for each object directory in the state directory. What cannot be read counts as not remembered, and the
 * window begins anew; it never ends early. A pack is known by its name and by the device, inode, size and time of its file, so
 * that another of the same name starts with a window of its own.
 *
 * <p>The windows begin anew also when somebody has set the clock, which moves the time of the boot: neither the age of a window
 * nor the start of a process could be compared with what was noted before.
 */
final class UnreferencedLedger implements UnreferencedSince {
  /** The clock is slewed by less than this between two cycles. */
  static final long CLOCK_TOLERANCE_SECONDS = 10;

  private static final String KIND = "ledger";

  private final Path file;
  private final Path objectDirectory;
  private final Map<String, Entry> entries;
  private Optional<IndexWatch.Memory> watched = Optional.empty();

  private record Entry(long device, long inode, long bytes, Instant modified, Instant since) {
    static Entry of(FileStamp stamp, Instant since) {
      return new Entry(stamp.device(), stamp.inode(), stamp.bytes(), stamp.modified(), since);
    }

    boolean describes(FileStamp stamp) {
      return equals(of(stamp, since));
    }
  }

  private UnreferencedLedger(Path file, Path objectDirectory, Map<String, Entry> entries) {
    this.file = file;
    this.objectDirectory = objectDirectory;
    this.entries = entries;
  }

  /** Reads what is remembered of an object directory. */
  static UnreferencedLedger read(Path stateDirectory, ObjectDirectory directory) {
    String path = directory.path().toString();
    UUID name = UUID.nameUUIDFromBytes(path.getBytes(StandardCharsets.UTF_8));
    Path file = stateDirectory.resolve("unreferenced").resolve(name + ".json");
    Map<String, Entry> entries = new HashMap<>();
    UnreferencedLedger ledger = new UnreferencedLedger(file, directory.path(), entries);
    try {
      Config root =
          ConfigFactory.parseString(
              Files.readString(file), ConfigParseOptions.defaults().setSyntax(ConfigSyntax.JSON));
      if (clockWasSet(root)) {
        return ledger;
      }
      for (Config pack : root.getConfigList("packs")) {
        entries.put(
            pack.getString("index"),
            new Entry(
                pack.getLong("device"),
                pack.getLong("inode"),
                pack.getLong("bytes"),
                Instant.parse(pack.getString("modified")),
                Instant.parse(pack.getString("since"))));
      }
      ledger.watched =
          root.hasPath("watch")
              ? Optional.of(WatchMemory.read(root.getConfig("watch"), directory.indexFile()))
              : Optional.empty();
    } catch (IOException
        | ConfigException
        | DateTimeException
        // The parser calls itself for each bracket.
        | StackOverflowError e) {
      entries.clear();
    }
    return ledger;
  }

  /** Whether the clock was set since the ledger was written. After a boot nobody is left who could be compared with. */
  private static boolean clockWasSet(Config root) {
    return root.getString("boot").equals(ProcessStamp.own().bootId())
        && Math.abs(root.getLong("bootSeconds") - bootSeconds()) > CLOCK_TOLERANCE_SECONDS;
  }

  /** When the machine was booted, in seconds since 1970; 0 where there is no process table to tell. */
  private static long bootSeconds() {
    try {
      return new ProcessTable().bootTime().getEpochSecond();
    } catch (IOException e) {
      return 0;
    }
  }

  /** What was known of superseded indexes when this was written. */
  Optional<IndexWatch.Memory> watched() {
    return watched;
  }

  /** Takes what is known of superseded indexes, to be written down. */
  void watched(Optional<IndexWatch.Memory> memory) {
    watched = memory;
  }

  /** Forgets everything: the index was built anew, and readers of the one before may go to any pack. */
  void restart() {
    entries.clear();
  }

  /** Forgets some packs: somebody may have been led to them until now. */
  void forget(List<StoredPack> packs) {
    packs.forEach(pack -> entries.remove(pack.indexName()));
  }

  /**
   * Brings the memory up to date with the installed index.
   *
   * @param packs all that are there
   * @param repacked those of them which wait for their deletion if it does not list them
   * @param now what counts as the beginning for a pack that was not known to own nothing
   */
  void observe(List<StoredPack> packs, OwnerCounts owners, Set<StoredPack> repacked, Instant now) {
    Map<String, Entry> observed = new HashMap<>();
    for (StoredPack pack : packs) {
      String name = pack.indexName();
      if (owners.lists(name) ? owners.of(name) == 0 : repacked.contains(pack)) {
        Entry known = entries.get(name);
        observed.put(
            name,
            known != null && known.describes(pack.data()) && !known.since().isAfter(now)
                ? known
                : Entry.of(pack.data(), now));
      }
    }
    entries.clear();
    entries.putAll(observed);
  }

  @Override
  public Optional<Instant> since(StoredPack pack) {
    Entry entry = entries.get(pack.indexName());
    return Optional.ofNullable(entry)
        .filter(known -> known.describes(pack.data()))
        .map(Entry::since);
  }

  @Override
  public Map<String, Instant> windows() {
    Map<String, Instant> windows = new HashMap<>();
    entries.forEach((name, entry) -> windows.put(name, entry.since()));
    return windows;
  }

  /**
   * Writes it down.
   *
   * @throws IOException if the state directory cannot be written
   */
  void save() throws IOException {
    Path directory = file.getParent();
    if (directory == null) {
      throw new NoSuchFileException(file.toString());
    }
    List<Map<String, Object>> packs = new ArrayList<>();
    entries.forEach((name, entry) ->
        packs.add(
            Map.of(
                "index", name,
                "device", entry.device(),
                "inode", entry.inode(),
                "bytes", entry.bytes(),
                "modified", entry.modified().toString(),
                "since", entry.since().toString())));
    Map<String, Object> root =
        new HashMap<>(
            Map.of(
                "objectDirectory", objectDirectory.toString(),
                "boot", ProcessStamp.own().bootId(),
                "bootSeconds", bootSeconds(),
                "packs", packs));
    watched.ifPresent(memory -> root.put("watch", WatchMemory.write(memory)));
    String json = ConfigValueFactory.fromMap(root).render(ConfigRenderOptions.concise());
    FilePublisher publisher = new FilePublisher(directory, SharedPermissions.UMASK);
    publisher.removeAbandoned(KIND);
    try (FilePublisher.Unpublished unpublished = publisher.create(KIND)) {
      unpublished.write(json);
      unpublished.sync();
      unpublished.publishWritable(String.valueOf(file.getFileName()));
    }
    publisher.syncDirectory();
  }
}
