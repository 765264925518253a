package io.repackd.midx;

import io.repackd.objectdir.BigEndian;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.LongTable;
import io.repackd.platform.Cancellation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Checks the two chunks which tell what the bits of a multi-pack bitmap stand for.
 *
 * <p>RIDX lists the objects in the order of the bits: first those of one pack, which is preferred, then those of the other packs
 * in the order of their numbers; and within a pack by offset. BTMP says of each pack at which bit it begins and how many bits it
 * has; a pack without any has 0 and 0. Source: gitformat-pack, "Multi-pack-index reverse indexes" and "BTMP".
 */
final class BitmapOrder {
  private static final int BTMP_ENTRY_BYTES = 8;
  private static final int CHECK_INTERVAL_MASK = 0xffff;

  private final MultiPackIndex index;
  private final Cancellation cancellation;

  private BitmapOrder(MultiPackIndex index, Cancellation cancellation) {
    this.index = index;
    this.cancellation = cancellation;
  }

  /** The first fault in the chunks that are there. The rest of the index has been checked. */
  static Optional<Fault> check(MultiPackIndex index, Cancellation cancellation) {
    BitmapOrder order = new BitmapOrder(index, cancellation);
    try {
      if (index.reverseIndex().isPresent()) {
        order.checkReverseIndex(index.reverseIndex().get());
      }
      if (index.bitmappedPacks().isPresent()) {
        order.checkBitmappedPacks(index.bitmappedPacks().get());
      }
      return Optional.empty();
    } catch (MalformedIndexException e) {
      return Optional.of(new Fault(e.type(), e.file(), e.getMessage()));
    } catch (CorruptFileException e) {
      throw new IllegalStateException("not a fault of the index itself", e);
    }
  }

  private void checkReverseIndex(MemorySegment chunk) throws CorruptFileException {
    requireLength(
        Fault.Type.REVERSE_INDEX, ChunkTable.REVERSE_INDEX, chunk, index.objects() * Integer.BYTES);
    int preferred = -1;
    int pack = -1;
    long offset = -1;
    for (long bit = 0; bit < index.objects(); bit++) {
      if ((bit & CHECK_INTERVAL_MASK) == 0) {
        cancellation.check();
      }
      long position = BigEndian.uint32(chunk, bit * Integer.BYTES);
      if (position >= index.objects()) {
        throw wrong(
            Fault.Type.REVERSE_INDEX,
            "bit %d stands for object %d of %d".formatted(bit, position, index.objects()));
      }
      int nextPack = index.packOf(position);
      long nextOffset = index.packOffset(position);
      if (bit == 0) {
        preferred = nextPack;
      } else if (nextPack == pack
          ? nextOffset <= offset
          : nextPack == preferred || (pack != preferred && nextPack < pack)) {
        // Each comes after the one before, so none comes twice, and none is left out.
        throw wrong(
            Fault.Type.REVERSE_INDEX,
            "bit %d stands for object %d, which is out of order".formatted(bit, position));
      }
      pack = nextPack;
      offset = nextOffset;
    }
  }

  private void checkBitmappedPacks(MemorySegment chunk) throws CorruptFileException {
    int packs = index.packNames().size();
    requireLength(
        Fault.Type.BITMAPPED_PACKS,
        ChunkTable.BITMAPPED_PACKS,
        chunk,
        (long) packs * BTMP_ENTRY_BYTES);
    try (Arena scratch = Arena.ofConfined()) {
      LongTable counts = index.countObjectsByPack(scratch);
      int preferred = preferredPack(chunk, counts);
      long next = preferred < 0 ? 0 : counts.get(preferred);
      for (int pack = 0; pack < packs; pack++) {
        boolean empty = counts.get(pack) == 0;
        checkEntry(chunk, pack, empty || pack == preferred ? 0 : next, counts.get(pack));
        next += pack == preferred ? 0 : counts.get(pack);
      }
    }
  }

  /** The pack whose bits come first, which RIDX tells if it is there; -1 if no pack has any. */
  private int preferredPack(MemorySegment chunk, LongTable counts) throws CorruptFileException {
    if (index.reverseIndex().isPresent() && index.objects() > 0) {
      return index.packOf(BigEndian.uint32(index.reverseIndex().get(), 0));
    }
    for (int pack = 0; pack < counts.length(); pack++) {
      if (counts.get(pack) > 0 && BigEndian.uint32(chunk, (long) pack * BTMP_ENTRY_BYTES) == 0) {
        return pack;
      }
    }
    return -1;
  }

  private void checkEntry(MemorySegment chunk, int pack, long first, long count)
      throws CorruptFileException {
    long at = (long) pack * BTMP_ENTRY_BYTES;
    long saidFirst = BigEndian.uint32(chunk, at);
    long saidCount = BigEndian.uint32(chunk, at + Integer.BYTES);
    if (saidFirst != first || saidCount != count) {
      throw wrong(
          Fault.Type.BITMAPPED_PACKS,
          "pack %d is said to have %d bits from bit %d on, and has %d from bit %d on"
              .formatted(pack, saidCount, saidFirst, count, first));
    }
  }

  private void requireLength(Fault.Type type, int id, MemorySegment chunk, long bytes)
      throws CorruptFileException {
    if (chunk.byteSize() != bytes) {
      throw wrong(
          type,
          "chunk %s has %d bytes, not %d".formatted(ChunkTable.name(id), chunk.byteSize(), bytes));
    }
  }

  private MalformedIndexException wrong(Fault.Type type, String what) {
    return new MalformedIndexException(type, index.path(), what);
  }
}
