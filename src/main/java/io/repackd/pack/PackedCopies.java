package io.repackd.pack;

import io.repackd.platform.Cancellation;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Tells which objects of a pack can be relied upon: those whose entries, and all entries that they build upon, are what the index
 * was made for.
 *
 * <p>An entry is compared with its checksum in the index, once even if many build upon it. Where an entry ends is known from
 * where the next begins, so all offsets of the pack are sorted: 16 bytes of memory for each object. That is not worth it for a few
 * objects of a large pack, and of no use where the index has no checksums: there an object is read, and its content hashed.
 *
 * <p>For one thread.
 */
public final class PackedCopies implements AutoCloseable {
  /** Reading an object with its delta chain takes some ten microseconds, sorting an offset some ten nanoseconds. */
  private static final long OBJECTS_SORTED_FOR_ONE = 1000;

  /** As in {@link DeltaChain}: what is longer is a loop. */
  private static final int MAX_CHAIN = 10_000;

  private final PackFile pack;
  private final Cancellation cancellation;
  private final Arena arena = Arena.ofConfined();
  private final DeltaChain chain = new DeltaChain();
  private final Check check;

  /** One way to check an object. */
  private interface Check {
    void check(long position) throws CorruptFileException;
  }

  /**
   * A look at a pack.
   *
   * @param wanted about how many objects are going to be asked for
   * @throws CorruptFileException if the pack's index is malformed
   */
  public PackedCopies(PackFile pack, long wanted, Cancellation cancellation)
      throws CorruptFileException {
    this.pack = pack;
    this.cancellation = cancellation;
    try {
      boolean sorted = pack.index().count() / OBJECTS_SORTED_FOR_ONE <= wanted;
      check = sorted && pack.index().hasCrc32() ? new ByChecksum() : this::checkContent;
    } catch (CorruptFileException | RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /**
   * Checks some objects of a pack.
   *
   * @param positions their positions in its index
   * @throws CorruptFileException if one cannot be relied upon
   */
  public static void check(PackFile pack, PositionSet positions, Cancellation cancellation)
      throws CorruptFileException {
    try (PackedCopies copies = new PackedCopies(pack, positions.size(), cancellation)) {
      for (long i = 0; i < pack.index().count(); i++) {
        if (positions.contains(i)) {
          copies.check(i);
        }
      }
    }
  }

  /**
   * Checks one object.
   *
   * @param position its position in the index
   * @throws CorruptFileException if it cannot be relied upon
   */
  public void check(long position) throws CorruptFileException {
    cancellation.check();
    check.check(position);
  }

  private void checkContent(long position) throws CorruptFileException {
    PackIndex index = pack.index();
    byte[] id = chain.id(pack, index.packOffset(position));
    byte[] expected = ObjectIds.bytes(index.file(), index.idOffset(position), id.length);
    if (!Arrays.equals(id, expected)) {
      throw new CorruptFileException(
          pack.path(),
          "the content of object %s has the id %s"
              .formatted(index.idHex(position), HexFormat.of().formatHex(id)));
    }
  }

  /** Checks each entry of a delta chain, down to the first that is known to be sound with all that it builds upon. */
  private final class ByChecksum implements Check {
    private final EntryHeader header = new EntryHeader();
    private final EntryChecksum crc = new EntryChecksum();
    private final OffsetOrder order = new OffsetOrder(pack, arena);
    private final PositionSet sound = new PositionSet(arena, pack.index().count());

    ByChecksum() throws CorruptFileException {}

    @Override
    public void check(long position) throws CorruptFileException {
      long[] links = new long[16];
      int length = 0;
      long ordinal = find(pack.index().packOffset(position));
      while (!sound.contains(ordinal)) {
        if (length == MAX_CHAIN) {
          throw header.fault(pack, "its delta chain has more than %d links".formatted(MAX_CHAIN));
        }
        if (length == links.length) {
          links = Arrays.copyOf(links, length * 2);
        }
        links[length++] = ordinal;
        checkEntry(ordinal);
        header.read(pack, order.offset(ordinal));
        if (!header.isDelta()) {
          break;
        }
        ordinal = find(header.baseOffset(pack));
      }
      for (int i = 0; i < length; i++) {
        sound.add(links[i]);
      }
    }

    private long find(long offset) throws CorruptFileException {
      long ordinal = order.find(offset);
      if (ordinal < 0) {
        throw new CorruptFileException(pack.path(), "no entry begins at %d".formatted(offset));
      }
      return ordinal;
    }

    private void checkEntry(long ordinal) throws CorruptFileException {
      long start = order.offset(ordinal);
      crc.reset();
      crc.update(pack.data(), start, order.entryEnd(ordinal) - start);
      long position = order.position(ordinal);
      if (crc.value() != pack.index().crc32(position)) {
        throw new CorruptFileException(
            pack.path(),
            "entry at %d (object %s) does not match its checksum in %s"
                .formatted(start, pack.index().idHex(position), pack.index().path()));
      }
    }
  }

  @Override
  public void close() {
    chain.close();
    arena.close();
  }
}
