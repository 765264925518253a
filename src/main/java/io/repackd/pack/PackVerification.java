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
import java.util.concurrent.FutureTask;

/** Reads a pack and its index from end to end and checks every checksum there is, on all cores. */
public final class PackVerification {
  private static final long PIECE_BYTES = 4L << 20;

  /** Entries that are checked in one piece. */
  private static final long PIECE_ENTRIES = 1 << 14;

  private PackVerification() {}

  /**
   * Checks the trailing hashes of pack and index, the order of the ids, that the entries follow each other without a gap, and
   * each entry's checksum and head.
   *
   * @param pack mapped so that any thread may read it
   * @throws CorruptFileException at the first fault
   */
  public static void verify(PackFile pack, Cancellation cancellation) throws IOException {
    beside(
        () -> verifyEntries(pack, cancellation),
        () -> checkTrailer(pack.data(), pack.index(), pack.path(), cancellation));
  }

  /** A part of what is checked. */
  private interface Check {
    void run() throws IOException;
  }

  /** Runs a check on a thread of its own while another runs here. A fault that this one finds counts before one of the other. */
  private static void beside(Check other, Check here) throws IOException {
    FutureTask<?> running =
        new FutureTask<>(() -> {
          other.run();
          return true;
        });
    Thread.ofPlatform().daemon().name("entries").start(running);
    try {
      here.run();
    } finally {
      Futures.settle(running); // the caller unmaps the pack when this is over
    }
    Futures.await(running);
  }

  /**
   * Checks all that {@link #verify} does but the trailing hash of the pack. This is enough for a pack that {@link PackWriter} has
   * just written, as it has hashed what it wrote: whether that is what lies in the file, the checksums of the entries tell.
   *
   * @param pack mapped so that any thread may read it
   * @throws CorruptFileException at the first fault
   */
  public static void verifyEntries(PackFile pack, Cancellation cancellation) throws IOException {
    beside(() -> checkEntries(pack, cancellation), () -> verify(pack.index(), cancellation));
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

  private static void checkEntries(PackFile pack, Cancellation cancellation) throws IOException {
    try (Arena scratch = Arena.ofShared()) {
      OffsetOrder order = new OffsetOrder(pack, scratch);
      if (order.count() > 0 && order.offset(0) != PackFile.HEADER_BYTES) {
        throw new CorruptFileException(
            pack.path(), "no object begins at %d".formatted(PackFile.HEADER_BYTES));
      }
      AllCores.forEach(
          (int) Math.ceilDiv(order.count(), PIECE_ENTRIES),
          piece -> {
            cancellation.check();
            long from = piece * PIECE_ENTRIES;
            checkEntries(pack, order, from, Math.min(from + PIECE_ENTRIES, order.count()));
          });
    }
  }

  private static void checkEntries(PackFile pack, OffsetOrder order, long from, long to)
      throws CorruptFileException {
    EntryHeader header = new EntryHeader();
    EntryChecksum crc = new EntryChecksum();
    PackIndex index = pack.index();
    try (DeltaChain chain = new DeltaChain()) {
      for (long i = from; i < to; i++) {
        header.read(pack, order.offset(i));
        if (!index.hasCrc32()) {
          if (chain.checkInflates(pack, order.offset(i)) != order.entryEnd(i)) {
            throw header.fault(pack, "it does not end where the next begins");
          }
          continue;
        }
        crc.reset();
        long start = order.offset(i);
        crc.updateAhead(pack.data(), start, order.entryEnd(i) - start, order.entryEnd(to - 1));
        if (crc.value() != index.crc32(order.position(i))) {
          throw header.fault(pack, "it does not match its checksum in " + index.path());
        }
      }
    }
  }
}
