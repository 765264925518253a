package io.repackd.maintenance;

import com.typesafe.config.Config;
import io.repackd.objectdir.FileStamp;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What is known of superseded indexes, as it stands in the {@link UnreferencedLedger}. */
final class WatchMemory {
  private WatchMemory() {}

  static Map<String, Object> write(IndexWatch.Memory memory) {
    FileStamp index = memory.installed();
    List<Map<String, Object>> superseded = new ArrayList<>();
    memory
        .superseded()
        .forEach((inode, unreferenced) ->
            superseded.add(Map.of("inode", inode, "unreferenced", packs(unreferenced))));
    return Map.of(
        "since", memory.since().toString(),
        "device", index.device(),
        "inode", index.inode(),
        "bytes", index.bytes(),
        "modified", index.modified().toString(),
        "superseded", superseded);
  }

  private static List<Map<String, Object>> packs(Map<String, Instant> unreferenced) {
    List<Map<String, Object>> packs = new ArrayList<>();
    unreferenced.forEach(
        (name, since) -> packs.add(Map.of("index", name, "since", since.toString())));
    return packs;
  }

  /** Reads back what {@link #write} wrote; throws as the configuration library and {@link Instant#parse} do. */
  static IndexWatch.Memory read(Config memory, Path indexFile) {
    FileStamp installed =
        new FileStamp(
            indexFile,
            memory.getLong("device"),
            memory.getLong("inode"),
            memory.getLong("bytes"),
            Instant.parse(memory.getString("modified")));
    Map<Long, Map<String, Instant>> superseded = new HashMap<>();
    for (Config index : memory.getConfigList("superseded")) {
      Map<String, Instant> unreferenced = new HashMap<>();
      for (Config pack : index.getConfigList("unreferenced")) {
        unreferenced.put(pack.getString("index"), Instant.parse(pack.getString("since")));
      }
      superseded.put(index.getLong("inode"), unreferenced);
    }
    return new IndexWatch.Memory(Instant.parse(memory.getString("since")), installed, superseded);
  }
}
