package io.repackd.midx;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The numbers of the packs in a new index: their order by name.
 *
 * @param names the names by number
 * @param ofExisting the numbers of the packs of the existing index, by their numbers there
 * @param ofAdded the numbers of the packs that are added
 */
record PackNumbering(List<String> names, int[] ofExisting, int[] ofAdded) {
  /** Stands for the number of a pack that is not listed any more. */
  static final int DROPPED = -1;

  /**
   * Numbers packs.
   *
   * @throws IllegalArgumentException if there are none, or one that is not preferred is listed already
   */
  static PackNumbering of(
      Optional<MultiPackIndex> existing, Set<String> dropped, List<IndexedPack> added) {
    TreeMap<String, Integer> numbers = new TreeMap<>(PackNames.ORDER);
    List<String> before = existing.map(MultiPackIndex::packNames).orElse(List.of());
    before.stream().filter(name -> !dropped.contains(name)).forEach(name -> numbers.put(name, 0));
    Set<String> preferred = new HashSet<>();
    for (IndexedPack pack : added) {
      boolean listed = numbers.put(pack.indexName(), 0) != null;
      if (listed && (!pack.preferred() || !preferred.add(pack.indexName()))) {
        throw new IllegalArgumentException("pack listed twice: " + pack.indexName());
      }
    }
    if (numbers.isEmpty()) {
      throw new IllegalArgumentException("no packs to index");
    }
    int next = 0;
    for (var number : numbers.entrySet()) {
      number.setValue(next++);
    }
    return new PackNumbering(
        List.copyOf(numbers.keySet()),
        before.stream().mapToInt(name -> numbers.getOrDefault(name, DROPPED)).toArray(),
        added.stream().mapToInt(pack -> numbers.getOrDefault(pack.indexName(), DROPPED)).toArray());
  }

  /** The length of the PNAM chunk in bytes. */
  long paddedNameBytes() {
    long bytes = names.stream().mapToLong(name -> PackNames.bytes(name).length + 1L).sum();
    long alignment = ChunkTable.ALIGNMENT_BYTES;
    return (bytes + alignment - 1) / alignment * alignment;
  }

  /** Writes the PNAM chunk into a segment that is zero. */
  void putNames(MemorySegment segment, long start) {
    long at = start;
    for (String name : names) {
      byte[] bytes = PackNames.bytes(name);
      MemorySegment.copy(bytes, 0, segment, ValueLayout.JAVA_BYTE, at, bytes.length);
      at += bytes.length + 1L;
    }
  }
}
