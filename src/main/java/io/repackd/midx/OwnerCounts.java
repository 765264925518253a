package io.repackd.midx;

import io.repackd.pack.LongTable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How many objects each pack of a multi-pack-index owns.
 *
 * @param objects by the name of the pack's index
 */
public record OwnerCounts(Map<String, Long> objects) {
  public OwnerCounts {
    objects = Map.copyOf(objects);
  }

  static OwnerCounts of(List<String> packNames, LongTable counts) {
    Map<String, Long> objects = new LinkedHashMap<>();
    for (int i = 0; i < packNames.size(); i++) {
      objects.put(packNames.get(i), counts.get(i));
    }
    return new OwnerCounts(objects);
  }

  /** Whether the index lists the pack. */
  public boolean lists(String indexName) {
    return objects.containsKey(indexName);
  }

  /** How many objects the pack owns; 0 also for one that the index does not list. */
  public long of(String indexName) {
    return objects.getOrDefault(indexName, 0L);
  }

  /** How many objects there are. */
  public long total() {
    return objects.values().stream().mapToLong(Long::longValue).sum();
  }
}
