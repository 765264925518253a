package io.repackd.pack;

import io.repackd.objectdir.HashAlgorithm;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Reads one object whole: inflates the entry at the end of its delta chain and applies the deltas.
 *
 * <p>Contents lie outside the heap, two at a time. What a pack claims of sizes is checked against what its bytes could
 * possibly inflate to, before memory is taken.
 */
final class DeltaChain implements AutoCloseable {
  /** Git limits what it writes to 4095; a chain beyond this is a loop or meant to hurt. */
  private static final int MAX_LENGTH = 10_000;

  /** Deflate cannot do better: 258 bytes from two bits, and the block's head. */
  private static final long MAX_INFLATE_RATIO = 1032;

  private static final long INFLATE_SLACK_BYTES = 64;

  /** Git makes no deltas of anything larger than core.bigFileThreshold, 512 MiB by default. */
  private static final long MAX_RESULT_BYTES = 1L << 30;

  /** The names of the types, by their numbers. */
  private static final String[] TYPES = {"", "commit", "tree", "blob", "tag"};

  /** Two lengths of nine bytes. */
  private static final int MAX_DELTA_HEAD_BYTES = 18;

  /** Usually enough for the beginning of what is compressed. */
  private static final int FIRST_FEED_BYTES = 256;

  private final EntryHeader header = new EntryHeader();
  private final Inflater inflater = new Inflater();

  // Not the mapping itself: see EntryChecksum.
  private final byte[] feed = new byte[EntryChecksum.PIECE_BYTES];

  /**
   * An object's type and content.
   *
   * @param type 1 commit, 2 tree, 3 blob, 4 tag
   * @param content lives in the arena that was given
   */
  record Whole(int type, MemorySegment content) {}

  /**
   * Reads the object whose entry begins at an offset.
   *
   * @throws CorruptFileException if it or an object that it builds upon is malformed
   */
  Whole read(PackFile pack, long offset, Arena arena) throws CorruptFileException {
    long[] chain = new long[64];
    int length = 0;
    long at = offset;
    header.read(pack, at);
    while (header.isDelta()) {
      if (length == MAX_LENGTH) {
        throw header.fault(pack, "its delta chain has more than %d links".formatted(MAX_LENGTH));
      }
      if (length == chain.length) {
        chain = Arrays.copyOf(chain, length * 2);
      }
      chain[length++] = at;
      at = header.baseOffset(pack);
      header.read(pack, at);
    }
    int type = header.type();
    Arena current = Arena.ofConfined();
    try {
      MemorySegment content = inflate(pack, length == 0 ? arena : current);
      while (length > 0) {
        length--;
        header.read(pack, chain[length]);
        Arena next = Arena.ofConfined();
        try {
          content = applyDelta(pack, content, length == 0 ? arena : next);
        } catch (CorruptFileException | RuntimeException | Error e) {
          next.close();
          throw e;
        }
        current.close();
        current = next;
      }
      return new Whole(type, content);
    } finally {
      current.close();
    }
  }

  /**
   * The length of the object whose entry begins at an offset.
   *
   * @throws CorruptFileException if the entry is malformed
   */
  long bytes(PackFile pack, long offset) throws CorruptFileException {
    header.read(pack, offset);
    return header.isDelta() ? resultBytes(pack) : header.size();
  }

  private long resultBytes(PackFile pack) throws CorruptFileException {
    ByteBuffer head = ByteBuffer.allocate((int) Math.min(header.size(), MAX_DELTA_HEAD_BYTES));
    inflateBeginning(pack, head);
    Delta delta = new Delta(what -> header.fault(pack, what), MemorySegment.ofArray(head.array()));
    delta.readSize();
    return delta.readSize();
  }

  private void inflateBeginning(PackFile pack, ByteBuffer into) throws CorruptFileException {
    long available = pack.end() - header.body();
    long fed = 0;
    int most = FIRST_FEED_BYTES;
    inflater.reset();
    try {
      while (into.hasRemaining() && !inflater.finished() && !inflater.needsDictionary()) {
        if (inflater.needsInput()) {
          int piece = (int) Math.min(available - fed, most);
          if (piece == 0) {
            break;
          }
          MemorySegment.copy(
              pack.data(), ValueLayout.JAVA_BYTE, header.body() + fed, feed, 0, piece);
          inflater.setInput(feed, 0, piece);
          fed += piece;
          most = feed.length;
        }
        int _ = inflater.inflate(into);
      }
    } catch (DataFormatException e) {
      throw header.fault(pack, "its compressed bytes are damaged: " + e.getMessage());
    }
    if (into.hasRemaining()) {
      throw header.fault(pack, "its compressed bytes do not begin");
    }
  }

  /**
   * The length of the largest thing that reading an object takes into memory: an object of its delta chain, or the instructions of
   * a delta.
   *
   * @throws CorruptFileException if an entry is malformed
   */
  long largestBytes(PackFile pack, long offset) throws CorruptFileException {
    header.read(pack, offset);
    long largest = header.size();
    for (int length = 0; header.isDelta(); length++) {
      if (length == MAX_LENGTH) {
        throw header.fault(pack, "its delta chain has more than %d links".formatted(MAX_LENGTH));
      }
      largest = Math.max(largest, resultBytes(pack));
      header.read(pack, header.baseOffset(pack));
      largest = Math.max(largest, header.size());
    }
    return largest;
  }

  /**
   * Inflates what an entry holds: the content of an object, or the instructions of a delta.
   *
   * @return the content; good until the buffer is used for something else
   * @throws CorruptFileException if the entry is malformed
   */
  MemorySegment readBody(PackFile pack, long offset, NativeBuffer into)
      throws CorruptFileException {
    header.read(pack, offset);
    return inflate(pack, into::room);
  }

  /**
   * Applies an entry's delta to its base, which is at hand.
   *
   * @param instructions is written over
   * @param inserted is told which parts of the result are not of the base
   * @return the content; good until the buffer is used for something else
   * @throws CorruptFileException if the entry is malformed, or no delta
   */
  MemorySegment apply(
      PackFile pack,
      long offset,
      MemorySegment base,
      NativeBuffer instructions,
      NativeBuffer into,
      Inserted inserted)
      throws CorruptFileException {
    MemorySegment delta = readBody(pack, offset, instructions);
    if (!header.isDelta()) {
      throw header.fault(pack, "it is no delta");
    }
    return new Delta(what -> header.fault(pack, what), delta).apply(base, into::room, inserted);
  }

  /**
   * Applies a delta that was just made.
   *
   * @return what it gives; good until the buffer is used for something else
   * @throws IllegalStateException if it is malformed, or is for another base
   */
  static MemorySegment applyMade(
      MemorySegment base, MemorySegment instructions, NativeBuffer into) {
    try {
      return new Delta(what -> new CorruptFileException(Path.of("delta"), what), instructions)
          .apply(base, into::room, (_, _) -> {});
    } catch (CorruptFileException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Takes the parts of a result that a delta inserts, in ascending order. */
  interface Inserted {
    void add(long from, long to);
  }

  /** Makes an exception of what is wrong with a delta. */
  private interface Faults {
    CorruptFileException fault(String what);
  }

  /** Gives memory of a length. */
  private interface Room {
    MemorySegment of(long bytes);
  }

  private static Room roomIn(Arena arena) {
    return bytes -> arena.allocate(Math.max(bytes, 1)).asSlice(0, bytes);
  }

  private MemorySegment applyDelta(PackFile pack, MemorySegment base, Arena arena)
      throws CorruptFileException {
    try (Arena scratch = Arena.ofConfined()) {
      return new Delta(what -> header.fault(pack, what), inflate(pack, scratch))
          .apply(base, roomIn(arena), (_, _) -> {});
    }
  }

  private MemorySegment inflate(PackFile pack, Arena arena) throws CorruptFileException {
    return inflate(pack, roomIn(arena));
  }

  /** Inflates the body of the entry in hand, and checks that it is exactly as long as its header says. */
  private MemorySegment inflate(PackFile pack, Room room) throws CorruptFileException {
    long available = pack.end() - header.body();
    if (header.size() > MAX_RESULT_BYTES
        || header.size() / MAX_INFLATE_RATIO > available + INFLATE_SLACK_BYTES) {
      throw header.fault(
          pack, "it claims %d bytes, too many to be read whole".formatted(header.size()));
    }
    MemorySegment content = room.of(header.size());
    inflateInto(pack, content);
    return content;
  }

  private void inflateInto(PackFile pack, MemorySegment content) throws CorruptFileException {
    ByteBuffer out = content.asByteBuffer();
    ByteBuffer past = ByteBuffer.allocate(1);
    inflate(
        pack,
        () -> {
          if (!past.hasRemaining()) {
            throw header.fault(pack, "it inflates to more than its header says");
          }
          return out.hasRemaining() ? out : past;
        });
    if (out.hasRemaining() || !past.hasRemaining()) {
      throw header.fault(pack, "it inflates to another length than its header says");
    }
  }

  /**
   * Inflates the entry at an offset into nothing, which is all that can be checked where an index has no checksums.
   *
   * @return where its compressed bytes end
   */
  long checkInflates(PackFile pack, long offset) throws CorruptFileException {
    header.read(pack, offset);
    ByteBuffer sink = ByteBuffer.allocate(1 << 16);
    inflate(pack, sink::clear);
    if (inflater.getBytesWritten() != header.size()) {
      throw header.fault(pack, "it inflates to another length than its header says");
    }
    return header.body() + inflater.getBytesRead();
  }

  /**
   * The id of the object whose entry begins at an offset, by its content. What is no delta may have any length.
   *
   * @throws CorruptFileException if it or an object that it builds upon is malformed
   */
  byte[] id(PackFile pack, long offset) throws CorruptFileException {
    MessageDigest digest = pack.index().hash().newDigest();
    header.read(pack, offset);
    if (header.isDelta()) {
      try (Arena arena = Arena.ofConfined()) {
        return id(read(pack, offset, arena), pack.index().hash());
      }
    }
    begin(digest, header.type(), header.size());
    ByteBuffer piece = ByteBuffer.allocate(EntryChecksum.PIECE_BYTES);
    inflate(
        pack,
        () -> {
          digest.update(piece.flip());
          return piece.clear();
        });
    digest.update(piece.flip());
    return digest.digest();
  }

  /** The id of an object that was read, by its content. */
  static byte[] id(Whole whole, HashAlgorithm hash) {
    MessageDigest digest = hash.newDigest();
    begin(digest, whole.type(), whole.content().byteSize());
    byte[] piece = new byte[EntryChecksum.PIECE_BYTES];
    for (long at = 0; at < whole.content().byteSize(); at += piece.length) {
      int bytes = (int) Math.min(piece.length, whole.content().byteSize() - at);
      MemorySegment.copy(whole.content(), ValueLayout.JAVA_BYTE, at, piece, 0, bytes);
      digest.update(piece, 0, bytes);
    }
    return digest.digest();
  }

  /**
   * Requires that what was read is the object that the pack's index says. The entries that it is built upon may be in no checksum
   * that anybody looks at, and the type of an entry is in none but that of the index.
   *
   * @param offset of its entry
   * @param idHex the id, in hexadecimal form
   * @throws CorruptFileException if it is another
   */
  static void requireId(Whole whole, PackFile pack, long offset, String idHex)
      throws CorruptFileException {
    if (!HexFormat.of().formatHex(id(whole, pack.index().hash())).equals(idHex)) {
      throw new CorruptFileException(
          pack.path(), "entry at %d is not object %s".formatted(offset, idHex));
    }
  }

  /** Source: gitformat-loose: type and length come before the content, and the hash is over both. */
  private static void begin(MessageDigest digest, int type, long bytes) {
    digest.update("%s %d\0".formatted(TYPES[type], bytes).getBytes(StandardCharsets.US_ASCII));
  }

  /** Gives the space for the next piece of what is inflated. */
  private interface Space {
    ByteBuffer next() throws CorruptFileException;
  }

  private void inflate(PackFile pack, Space space) throws CorruptFileException {
    long available = pack.end() - header.body();
    long fed = 0;
    inflater.reset();
    try {
      while (!inflater.finished()) {
        if (inflater.needsInput()) {
          int piece = (int) Math.min(available - fed, feed.length);
          if (piece == 0) {
            throw header.fault(pack, "its compressed bytes do not end");
          }
          MemorySegment.copy(
              pack.data(), ValueLayout.JAVA_BYTE, header.body() + fed, feed, 0, piece);
          inflater.setInput(feed, 0, piece);
          fed += piece;
        }
        if (inflater.inflate(space.next()) == 0 && inflater.needsDictionary()) {
          throw header.fault(pack, "it needs a dictionary");
        }
      }
    } catch (DataFormatException e) {
      throw header.fault(pack, "its compressed bytes are damaged: " + e.getMessage());
    }
  }

  @Override
  public void close() {
    inflater.end();
  }

  /** Delta instructions: copy a stretch of the base, or insert bytes. Source: gitformat-pack, "Deltified representation". */
  private static final class Delta {
    private static final int DEFAULT_COPY_BYTES = 0x10000;

    private final Faults faults;
    private final MemorySegment instructions;
    private long at;

    Delta(Faults faults, MemorySegment instructions) {
      this.faults = faults;
      this.instructions = instructions;
    }

    MemorySegment apply(MemorySegment base, Room room, Inserted inserted)
        throws CorruptFileException {
      long baseBytes = readSize();
      if (baseBytes != base.byteSize()) {
        throw faults.fault(
            "its delta is for a base of %d bytes, and the base has %d"
                .formatted(baseBytes, base.byteSize()));
      }
      long resultBytes = readSize();
      if (resultBytes > MAX_RESULT_BYTES) {
        throw faults.fault(
            "its delta claims %d bytes, too many to be read whole".formatted(resultBytes));
      }
      MemorySegment result = room.of(resultBytes);
      long written = 0;
      while (at < instructions.byteSize()) {
        int opcode = next();
        if (opcode == 0) {
          throw faults.fault("its delta has a reserved instruction");
        }
        boolean copy = (opcode & 0x80) != 0;
        long from = copy ? operand(opcode, 4) : at;
        long length = copy ? operand(opcode >>> 4, 3) : opcode;
        if (copy && length == 0) {
          length = DEFAULT_COPY_BYTES;
        }
        MemorySegment source = copy ? base : instructions;
        if (from + length > source.byteSize() || length > resultBytes - written) {
          throw faults.fault("its delta reaches beyond its base or its result");
        }
        MemorySegment.copy(source, from, result, written, length);
        written += length;
        if (!copy) {
          at += length;
          inserted.add(written - length, written);
        }
      }
      if (written != resultBytes) {
        throw faults.fault("its delta ends before its result is complete");
      }
      return result;
    }

    private int next() throws CorruptFileException {
      if (at >= instructions.byteSize()) {
        throw faults.fault("its delta ends in the middle of an instruction");
      }
      return instructions.get(ValueLayout.JAVA_BYTE, at++) & 0xff;
    }

    /** Little-endian bytes, of which only those are there whose bit is set. */
    private long operand(int present, int bytes) throws CorruptFileException {
      long value = 0;
      for (int i = 0; i < bytes; i++) {
        if ((present & 1 << i) != 0) {
          value |= (long) next() << 8 * i;
        }
      }
      return value;
    }

    private long readSize() throws CorruptFileException {
      long value = 0;
      int octet;
      int shift = 0;
      do {
        octet = next();
        if (shift > 56) {
          throw faults.fault("its delta has a size beyond 2^63");
        }
        value |= (long) (octet & 0x7f) << shift;
        shift += 7;
      } while ((octet & 0x80) != 0);
      return value;
    }
  }
}
