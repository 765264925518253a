package io.repackd.maintenance;

import io.repackd.objectdir.LooseTable;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackIndex;
import io.repackd.platform.AllCores;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.time.Instant;
import java.util.List;

/**
 * Which of some loose objects are in packs, too: for each the first of the packs that has it, in the order in which they were
 * given.
 *
 * <p>A pack's copy does not count if somebody has wanted to write the object again since the pack was last touched. Git touches
 * the loose file then, if it has not yet heard of the pack; and the age of an object which nothing refers to yet is all that
 * keeps git from pruning it. Without the file it would be as old as the pack.
 *
 * <p>Each pack's index is open only while it is looked at: a process has room for some tens of thousands of mappings.
 */
final class LooseCopies {
  private static final VarHandle FOUND = ValueLayout.JAVA_LONG.varHandle();

  private static final long NOWHERE = -1;

  private final List<StoredPack> packs;
  private final Instant now;
  private final Cancellation cancellation;
  private final LooseTable table;
  private final LooseIds ids;

  /** For each object: the number of the pack, and its position in the index, which is a number of 32 bits. */
  private final MemorySegment found;

  private LooseCopies(
      LooseTable table,
      List<StoredPack> packs,
      Instant now,
      Cancellation cancellation,
      Arena arena) {
    this.table = table;
    this.packs = packs;
    this.now = now;
    this.cancellation = cancellation;
    this.ids = LooseIds.of(table);
    this.found = arena.allocate(ValueLayout.JAVA_LONG, table.count()).fill((byte) NOWHERE);
  }

  /**
   * Looks the objects up.
   *
   * @param packs such as may be relied upon
   * @param now the time: what was touched later was not touched, its clock is wrong
   * @param arena what was found lies there; one for all threads
   */
  static LooseCopies find(
      LooseTable table, List<StoredPack> packs, Instant now, Cancellation cancellation, Arena arena)
      throws IOException {
    LooseCopies copies = new LooseCopies(table, packs, now, cancellation, arena);
    if (table.count() > 0) {
      AllCores.forEach(packs.size(), copies::look);
    }
    return copies;
  }

  /** The number of the first pack that has an object; negative if none has. */
  int packOf(long i) {
    return (int) (get(i) >> Integer.SIZE);
  }

  /** The object's position in that pack's index. */
  long positionOf(long i) {
    return Integer.toUnsignedLong((int) get(i));
  }

  private long get(long i) {
    return (long) FOUND.getVolatile(found, i * Long.BYTES);
  }

  private void look(int number) throws IOException {
    cancellation.check();
    StoredPack pack = packs.get(number);
    try (Arena arena = Arena.ofConfined()) {
      look(number, pack, PackIndex.open(pack.index().path(), table.hash(), arena));
    } catch (CorruptFileException | InternalError e) {
      // It proves nothing. Whoever writes the multi-pack-index reports it.
    } catch (IOException e) {
      if (!StepErrors.vanished(e)) {
        throw e;
      }
    }
  }

  /** Looks up the fewer ids among the more. */
  private void look(int number, StoredPack pack, PackIndex index) {
    if (index.count() < table.count()) {
      for (long position = 0; position < index.count(); position++) {
        long i = ids.find(index.ids(), index.idOffset(position));
        if (i >= 0) {
          note(i, number, pack, position);
        }
      }
    } else {
      for (long i = 0; i < table.count(); i++) {
        long position = index.find(ids.ids(), ids.idOffset(i));
        if (position >= 0) {
          note(i, number, pack, position);
        }
      }
    }
  }

  private void note(long i, int number, StoredPack pack, long position) {
    Instant touched = table.modified(i);
    if (touched.isAfter(pack.data().modified()) && !touched.isAfter(now)) {
      return;
    }
    long here = (long) number << Integer.SIZE | position;
    for (long known = get(i); known == NOWHERE || here < known; known = get(i)) {
      if (FOUND.compareAndSet(found, i * Long.BYTES, known, here)) {
        return;
      }
    }
  }
}
