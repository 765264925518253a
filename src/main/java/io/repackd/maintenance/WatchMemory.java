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
    List<Map<String, Object>> superseded = new ArrayList<>();
    memory
        .superseded()
        .forEach((key, unreferenced) -> {
          Map<String, Object> index = write(key);
          index.put("unreferenced", packs(unreferenced));
          superseded.add(index);
        });
    Map<String, Object> root = write(IndexWatch.Key.of(memory.installed()));
    root.put("device", memory.installed().device());
    root.put("since", memory.since().toString());
    root.put("superseded", superseded);
    return root;
  }

  private static Map<String, Object> write(IndexWatch.Key key) {
    return new HashMap<>(
        Map.of("inode", key.inode(), "bytes", key.bytes(), "modified", key.modified().toString()));
  }

  private static List<Map<String, Object>> packs(Map<String, Instant> unreferenced) {
    List<Map<String, Object>> packs = new ArrayList<>();
    unreferenced.forEach(
        (name, since) -> packs.add(Map.of("index", name, "since", since.toString())));
    return packs;
  }

  /** Reads back what {@link #write} wrote; throws as the configuration library and {@link Instant#parse} do. */
  static IndexWatch.Memory read(Config memory, Path indexFile) {
    IndexWatch.Key key = key(memory);
    FileStamp installed =
        new FileStamp(
            indexFile, memory.getLong("device"), key.inode(), key.bytes(), key.modified());
    Map<IndexWatch.Key, Map<String, Instant>> superseded = new HashMap<>();
    for (Config index : memory.getConfigList("superseded")) {
      Map<String, Instant> unreferenced = new HashMap<>();
      for (Config pack : index.getConfigList("unreferenced")) {
        unreferenced.put(pack.getString("index"), Instant.parse(pack.getString("since")));
      }
      superseded.put(key(index), unreferenced);
    }
    return new IndexWatch.Memory(Instant.parse(memory.getString("since")), installed, superseded);
  }

  private static IndexWatch.Key key(Config index) {
    return new IndexWatch.Key(
        index.getLong("inode"), index.getLong("bytes"), Instant.parse(index.getString("modified")));
  }
}
