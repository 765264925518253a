package io.repackd.pack;

import io.repackd.objectdir.BigEndian;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The entries of an {@link EntryTable} in the order of their object ids. */
final class IdOrder {
  /** So many hashes do not share their first eight bytes; ids that somebody made up would take for ever to sort. */
  private static final int MAX_ALIKE = 1000;

  private final EntryTable entries;
  private final LongTable prefixes;
  private final LongTable order;
  private final int hashLength;

  /**
   * Sorts the entries: by the first eight bytes of their ids all together, and the few that share those by insertion.
   *
   * @throws IllegalArgumentException if an object was selected twice
   * @throws CorruptFileException if so many ids are alike that they are no hashes
   */
  IdOrder(EntryTable entries, int hashLength, Arena arena) throws CorruptFileException {
    this.entries = entries;
    this.hashLength = hashLength;
    long count = entries.count();
    prefixes = new LongTable(arena, count);
    order = new LongTable(arena, count);
    for (int source = 0; source < entries.sources().size(); source++) {
      PackIndex index = entries.indexOf(source);
      long end = entries.firstEntry(source + 1);
      for (long entry = entries.firstEntry(source); entry < end; entry++) {
        prefixes.set(entry, BigEndian.int64(index.file(), index.idOffset(entries.position(entry))));
        order.set(entry, entry);
      }
    }
    RadixSort.sort(prefixes, order, Long.SIZE);
    for (long i = 1; i < count; i++) {
      insert(i);
    }
  }

  private void insert(long i) throws CorruptFileException {
    long entry = order.get(i);
    long to = i;
    while (to > 0 && prefixes.get(to - 1) == prefixes.get(i)) {
      int comparison = compare(order.get(to - 1), entry);
      if (comparison == 0) {
        throw new IllegalArgumentException("object selected twice: " + idHex(entry));
      }
      if (comparison < 0) {
        break;
      }
      if (i - to == MAX_ALIKE) {
        throw new CorruptFileException(
            entries.indexOf(entries.sourceOf(entry)).path(),
            "more than %d ids begin like %s".formatted(MAX_ALIKE, idHex(entry)));
      }
      order.set(to, order.get(to - 1));
      to--;
    }
    order.set(to, entry);
  }

  private int compare(long left, long right) {
    PackIndex leftIndex = entries.indexOf(entries.sourceOf(left));
    PackIndex rightIndex = entries.indexOf(entries.sourceOf(right));
    return ObjectIds.compare(
        leftIndex.file(),
        leftIndex.idOffset(entries.position(left)),
        rightIndex.file(),
        rightIndex.idOffset(entries.position(right)),
        hashLength);
  }

  private String idHex(long entry) {
    return entries.indexOf(entries.sourceOf(entry)).idHex(entries.position(entry));
  }

  long count() {
    return order.length();
  }

  /** The i-th entry in the order of ids. */
  long entry(long i) {
    return order.get(i);
  }

  /** The first byte of the i-th id. */
  int firstByte(long i) {
    return (int) (prefixes.get(i) >>> 56);
  }

  /** The entry of the object with an id; negative if there is none. */
  long find(MemorySegment id, long at) {
    long prefix = BigEndian.int64(id, at);
    long low = 0;
    long high = count();
    while (low < high) {
      long middle = (low + high) >>> 1;
      if (Long.compareUnsigned(prefixes.get(middle), prefix) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    for (long i = low; i < count() && prefixes.get(i) == prefix; i++) {
      long entry = order.get(i);
      PackIndex index = entries.indexOf(entries.sourceOf(entry));
      if (ObjectIds.compare(
              index.file(), index.idOffset(entries.position(entry)), id, at, hashLength)
          == 0) {
        return entry;
      }
    }
    return -1;
  }
}
