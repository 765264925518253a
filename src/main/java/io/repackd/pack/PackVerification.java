package io.repackd.pack;

import io.repackd.objectdir.BigEndian;
import io.repackd.platform.AllCores;
import io.repackd.platform.Cancellation;
import io.repackd.platform.Futures;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;

/** Reads a pack and its index from end to end and checks every checksum there is, on all cores. */
public final class PackVerification {
  private static final long PIECE_BYTES = 4L << 20;

  /** Entries that are checked in one piece. */
  private static final long PIECE_ENTRIES = 1 << 14;

  /** What is looked up in the index of so many entries at a time. */
  private static final int LOOKED_UP = 1 << 8;

  private PackVerification() {}

  /**
   * Checks the trailing hashes of pack and index, the order of the ids, that the entries follow each other without a gap, and
   * each entry's checksum and head.
   *
   * @param pack mapped so that any thread may read it
   * @throws CorruptFileException at the first fault
   */
  public static void verify(PackFile pack, Cancellation cancellation) throws IOException {
    Futures.both(
        "entries",
        () -> verifyEntries(pack, cancellation),
        () -> checkTrailer(pack.data(), pack.index(), pack.path(), cancellation));
  }

  /**
   * Checks the same, and a reverse index: its trailing hash, and that it has the objects in the order of the pack.
   *
   * @param reverse of that pack, mapped so that any thread may read it
   * @throws CorruptFileException at the first fault
   */
  public static void verify(PackFile pack, ReverseIndex reverse, Cancellation cancellation)
      throws IOException {
    Futures.both(
        "entries",
        () -> verifyEntries(pack, reverse, cancellation),
        () -> checkTrailer(pack.data(), pack.index(), pack.path(), cancellation));
  }

  /**
   * Checks all that {@link #verify} does but the trailing hash of the pack. This is enough for a pack that {@link PackWriter} has
   * just written, as it has hashed what it wrote: whether that is what lies in the file, the checksums of the entries tell.
   *
   * @param pack mapped so that any thread may read it
   * @throws CorruptFileException at the first fault
   */
  public static void verifyEntries(PackFile pack, Cancellation cancellation) throws IOException {
    Futures.both(
        "entries",
        () -> {
          try (Arena scratch = Arena.ofShared()) {
            Order order = new Sorted(new OffsetOrder(pack, scratch), pack.index().path());
            checkEntries(pack, order, cancellation);
          }
        },
        () -> verify(pack.index(), cancellation));
  }

  /**
   * Checks the same, and a reverse index: its trailing hash, and that it has the objects in the order of the pack.
   *
   * @param reverse of that pack, mapped so that any thread may read it
   * @throws CorruptFileException at the first fault
   */
  public static void verifyEntries(PackFile pack, ReverseIndex reverse, Cancellation cancellation)
      throws IOException {
    Futures.both(
        "entries",
        () -> checkEntries(pack, new Reverse(reverse), cancellation),
        () -> {
          verify(pack.index(), cancellation);
          checkTrailer(reverse.file(), pack.index(), reverse.path(), cancellation);
        });
  }

  /**
   * Checks what an index says of itself: its trailing hash and the order of its ids.
   *
   * @throws CorruptFileException at the first fault
   */
  public static void verify(PackIndex index, Cancellation cancellation)
      throws CorruptFileException {
    checkTrailer(index.file(), index, index.path(), cancellation);
    checkIds(index);
  }

  private static void checkTrailer(
      MemorySegment file, PackIndex index, Path path, Cancellation cancellation)
      throws CorruptFileException {
    MessageDigest digest = index.hash().newDigest();
    int hashLength = index.hash().length();
    long end = file.byteSize() - hashLength;
    for (long at = 0; at < end; at += PIECE_BYTES) {
      cancellation.check();
      digest.update(file.asSlice(at, Math.min(PIECE_BYTES, end - at)).asByteBuffer());
    }
    if (!Arrays.equals(ObjectIds.bytes(file, end, hashLength), digest.digest())) {
      throw new CorruptFileException(path, "its trailing checksum does not match its content");
    }
  }

  /** Ascending, and each in the part of the table that the fanout gives to its first byte. */
  private static void checkIds(PackIndex index) throws CorruptFileException {
    int hashLength = index.hash().length();
    long position = 0;
    for (int firstByte = 0; firstByte < PackIndex.FANOUT_ENTRIES; firstByte++) {
      for (; position < index.fanout(firstByte); position++) {
        boolean ascending =
            position == 0
                || ObjectIds.compare(
                        index.file(),
                        index.idOffset(position - 1),
                        index.file(),
                        index.idOffset(position),
                        hashLength)
                    <= 0;
        if (!ascending || BigEndian.uint8(index.file(), index.idOffset(position)) != firstByte) {
          throw new CorruptFileException(
              index.path(), "object %d is not in its place".formatted(position));
        }
      }
    }
  }

  /** The entries of a pack in the order in which they lie in it. */
  private interface Order {
    /** The file that says so. */
    Path path();

    /**
     * Tells of some entries that follow each other where they begin, and their positions in the index.
     *
     * @param from the first of them
     */
    void read(long from, int count, long[] offsets, long[] positions) throws CorruptFileException;
  }

  /** The order by the offsets in the index. */
  private record Sorted(OffsetOrder order, Path path) implements Order {
    @Override
    public void read(long from, int count, long[] offsets, long[] positions) {
      for (int k = 0; k < count; k++) {
        offsets[k] = order.offset(from + k);
        positions[k] = order.position(from + k);
      }
    }
  }

  /** The order as a reverse index says it. If the offsets ascend with it, it is the right one, and has each object once. */
  private record Reverse(ReverseIndex reverse) implements Order {
    @Override
    public Path path() {
      return reverse.path();
    }

    @Override
    public void read(long from, int count, long[] offsets, long[] positions)
        throws CorruptFileException {
      for (int k = 0; k < count; k++) {
        positions[k] = reverse.position(from + k);
      }
      for (int k = 0; k < count; k++) {
        offsets[k] = reverse.index().packOffset(positions[k]);
      }
    }
  }

  private static void checkEntries(PackFile pack, Order order, Cancellation cancellation)
      throws IOException {
    long count = pack.index().count();
    AllCores.forEach(
        (int) Math.ceilDiv(count, PIECE_ENTRIES),
        piece -> {
          cancellation.check();
          long from = piece * PIECE_ENTRIES;
          new EntryCheck(pack, order).check(from, Math.min(from + PIECE_ENTRIES, count));
        });
  }

  /** Checks a piece of the entries. */
  private static final class EntryCheck {
    private final PackFile pack;
    private final PackIndex index;
    private final Order order;
    private final EntryHeader header = new EntryHeader();
    private final EntryChecksum crc = new EntryChecksum();

    // One more than are checked at once: an entry ends where the next begins.
    private final long[] offsets = new long[LOOKED_UP + 1];
    private final long[] positions = new long[LOOKED_UP + 1];
    private final int[] checksums = new int[LOOKED_UP];

    EntryCheck(PackFile pack, Order order) {
      this.pack = pack;
      this.index = pack.index();
      this.order = order;
    }

    void check(long from, long to) throws CorruptFileException {
      for (long at = from; at < to; at += LOOKED_UP) {
        int length = (int) Math.min(LOOKED_UP, to - at);
        lookUp(at, length);
        if (index.hasCrc32()) {
          compareChecksums(length);
        } else {
          inflate(length);
        }
      }
    }

    /** All of one kind after the other: then the processor can wait for many places of the memory at once. */
    private void lookUp(long at, int length) throws CorruptFileException {
      boolean last = at + length == index.count();
      order.read(at, last ? length : length + 1, offsets, positions);
      if (last) {
        offsets[length] = pack.end();
      }
      if (at == 0 && offsets[0] != PackFile.HEADER_BYTES) {
        throw new CorruptFileException(
            order.path(),
            "no object of %s is said to begin at %d, by %s"
                .formatted(pack.path(), PackFile.HEADER_BYTES, index.path()));
      }
      for (int k = 0; k < length; k++) {
        if (offsets[k] >= offsets[k + 1] || offsets[k + 1] > pack.end()) {
          throw new CorruptFileException(
              order.path(),
              "object %d of %s is said to begin at %d, and what follows at %d, by %s"
                  .formatted(at + k, pack.path(), offsets[k], offsets[k + 1], index.path()));
        }
      }
      if (index.hasCrc32()) {
        for (int k = 0; k < length; k++) {
          checksums[k] = index.crc32(positions[k]);
        }
      }
    }

    private void compareChecksums(int length) throws CorruptFileException {
      for (int k = 0; k < length; k++) {
        long start = offsets[k];
        header.read(pack, start);
        long bytes = offsets[k + 1] - start;
        if (crc.ofEntry(pack.data(), start, bytes, offsets[length]) != checksums[k]) {
          throw header.fault(pack, "it does not match its checksum in " + index.path());
        }
      }
    }

    private void inflate(int length) throws CorruptFileException {
      try (DeltaChain chain = new DeltaChain()) {
        for (int k = 0; k < length; k++) {
          header.read(pack, offsets[k]);
          if (chain.checkInflates(pack, offsets[k]) != offsets[k + 1]) {
            throw header.fault(pack, "it does not end where the next begins");
          }
        }
      }
    }
  }
}
