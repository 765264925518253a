package io.repackd.pack;

import java.lang.foreign.Arena;

/** For each candidate, the delta that was found: outside the heap, 12 bytes for each. Set by several threads. */
final class Proposals {
  private static final int NONE = -1;

  private final IntTable bases;
  private final LongTable places;

  Proposals(long candidates, Arena arena) {
    bases = IntTable.filled(arena, candidates, NONE);
    places = new LongTable(arena, candidates);
  }

  void set(long candidate, long base, long place) {
    bases.set(candidate, (int) base);
    places.set(candidate, place);
  }

  /** Whether one was found. */
  boolean any(long candidate) {
    return bases.get(candidate) != NONE;
  }

  /** The entry upon which it builds. */
  long base(long candidate) {
    return bases.getUnsigned(candidate);
  }

  /** Where it lies. */
  long place(long candidate) {
    return places.get(candidate);
  }
}
