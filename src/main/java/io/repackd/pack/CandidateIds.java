package io.repackd.pack;

import io.repackd.objectdir.BigEndian;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Finds candidates by the ids of their objects: a table of places, outside the heap, 8 bytes for each candidate. */
final class CandidateIds {
  /** Hashes do not come so close together, and for ids that somebody made up it would take for ever. */
  private static final int MAX_TRIES = 1000;

  private final EntryTable entries;
  private final Candidates candidates;
  private final int hashLength;
  private final long places;
  private final IntTable table;

  CandidateIds(EntryTable entries, Candidates candidates, int hashLength, Arena arena) {
    this.entries = entries;
    this.candidates = candidates;
    this.hashLength = hashLength;
    this.places = Math.max(1, 2 * candidates.count());
    this.table = new IntTable(arena, places);
    for (long i = 0; i < candidates.count(); i++) {
      long entry = candidates.entry(i);
      int source = entries.sourceOf(entry);
      long place = place(entries.ids(source), entries.idOffset(source, entry));
      int tries = 0;
      while (table.get(place) != 0 && tries < MAX_TRIES) {
        place = place + 1 == places ? 0 : place + 1;
        tries++;
      }
      if (tries < MAX_TRIES) {
        table.set(place, (int) (i + 1));
      }
    }
  }

  /** Ids are hashes, and spread evenly. The first byte alone would not: nor does it have to. */
  private long place(MemorySegment id, long at) {
    return Math.unsignedMultiplyHigh(BigEndian.int64(id, at) * 0x9E3779B97F4A7C15L, places);
  }

  /**
   * Which candidate has an id.
   *
   * @param id a segment in which the id stands
   * @param at where it stands there
   * @return its number; negative if none has it, or none was found soon enough
   */
  long find(MemorySegment id, long at) {
    long place = place(id, at);
    for (int tries = 0; tries < MAX_TRIES; tries++) {
      long found = table.getUnsigned(place);
      if (found == 0) {
        return -1;
      }
      long entry = candidates.entry(found - 1);
      int source = entries.sourceOf(entry);
      if (ObjectIds.compare(
              entries.ids(source), entries.idOffset(source, entry), id, at, hashLength)
          == 0) {
        return found - 1;
      }
      place = place + 1 == places ? 0 : place + 1;
    }
    return -1;
  }
}
