package io.repackd.pack;

import io.repackd.pack.PackSource.EntrySink;
import io.repackd.pack.PackSource.Made;
import io.repackd.pack.PackSource.Packed;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.Deflater;

/**
 * Some entries that follow each other in the new pack, made ready to be written: those that are copied are checked, those that have to be
 * made are made. Batches are made ready on all cores, and written one after the other.
 *
 * <p>Each entry that is copied is compared with the checksum in its source's index, so that damage does not spread; where there
 * is none, its compressed bytes have to be whole.
 */
final class EntryBatch {
  /**
   * What is held by all batches together is expected to have so many bytes at most, compressed. What else there is to be made is
   * made while it is written, by one thread. Entries may come to twice that, and arrays have twice the room again, and the heap of
   * the daemon has room for that.
   */
  static final long MAX_HELD_BY_ALL_BYTES = 16L << 20;

  /** An entry that is held is expected to have so many bytes at most: there should be room for some on each core. */
  static final long MAX_HELD_BYTES = 2L << 20;

  /** So much more than twice what was expected an entry may come to. */
  private static final long SLACK_BYTES = 1 << 14;

  /** What takes more than this to be read is read by one thread only: it takes that memory two or three times. */
  static final long MAX_CHAIN_BYTES = 16L << 20;

  /** What is checked between two looks at the cancellation. */
  private static final long CHECKED_AT_ONCE_BYTES = 4L << 20;

  private static final int MAX_HEAD_BYTES = 64;

  private final EntryTable entries;
  private final EntrySequence sequence;
  private final long from;
  private final long to;
  private final AtomicLong heldByAll;
  private byte[] held = {};
  private int heldBytes;
  private long[] heldEntries = {};
  private int[] heldEnds = {};
  private int heldCount;
  private int nextHeld;

  /**
   * The entries from one place in the sequence to before another.
   *
   * @param heldByAll how many bytes this batch and others hold
   */
  EntryBatch(EntryTable entries, EntrySequence sequence, long from, long to, AtomicLong heldByAll) {
    this.entries = entries;
    this.sequence = sequence;
    this.from = from;
    this.to = to;
    this.heldByAll = heldByAll;
  }

  long from() {
    return from;
  }

  long to() {
    return to;
  }

  /** What a thread needs to make batches ready. Used again and again. */
  static final class Tools implements AutoCloseable {
    private final EntryHeader header = new EntryHeader();
    private final EntryChecksum crc = new EntryChecksum();
    private final DeltaChain chain = new DeltaChain();
    private final byte[] head = new byte[MAX_HEAD_BYTES];
    private final byte[] piece = new byte[1 << 14];
    private final Deflater deflater;

    Tools(int compressionLevel) {
      deflater = new Deflater(compressionLevel);
    }

    @Override
    public void close() {
      chain.close();
      deflater.end();
    }
  }

  /** Checks and makes. */
  void prepare(Tools tools, Cancellation cancellation) throws IOException {
    cancellation.check();
    EntrySequence.Cursor cursor = sequence.new Cursor();
    for (long place = from; place < to; place++) {
      long entry = sequence.entry(place);
      // What was found was checked then.
      if (entries.written(entry) && !entries.found(entry)) {
        int source = cursor.sourceOf(entry);
        switch (entries.sources().get(source)) {
          case Packed packed -> prepare(packed, source, entry, tools, cancellation);
          case Made made -> prepare(made, entry, tools, cancellation);
        }
      }
    }
  }

  private void prepare(
      Packed packed, int source, long entry, Tools tools, Cancellation cancellation)
      throws IOException {
    if (!sequence.asTheyLie()) {
      entries.readAtRandom();
    }
    check(packed, source, entry, tools, cancellation);
    if (entries.base(entry) == EntryTable.REWRITE) {
      cancellation.check();
      rewrite(packed, source, entry, tools);
    }
  }

  private void check(Packed packed, int source, long entry, Tools tools, Cancellation cancellation)
      throws CorruptFileException {
    PackFile pack = packed.pack();
    PackIndex index = pack.index();
    long start = entries.sourceOffset(entry);
    long length = entries.sourceEnd(source, packed, entry) - start;
    int checksum =
        sequence.asTheyLie() && length <= CHECKED_AT_ONCE_BYTES
            ? tools.crc.ofEntry(pack.data(), start, length, pack.end())
            : checksum(pack, start, length, tools, cancellation);
    if (index.hasCrc32()) {
      if (checksum != index.crc32(entries.position(entry))) {
        throw new CorruptFileException(
            pack.path(),
            "entry at %d (object %s) does not match its checksum in %s"
                .formatted(start, index.idHex(entries.position(entry)), index.path()));
      }
    } else if (tools.chain.checkInflates(pack, start) != start + length) {
      throw new CorruptFileException(
          pack.path(), "entry at %d does not end where the next begins".formatted(start));
    }
    entries.setChecksum(entry, checksum);
  }

  /** The checksum of an entry that is large, or after which others will be read than that which follows it. */
  private static int checksum(
      PackFile pack, long start, long length, Tools tools, Cancellation cancellation) {
    tools.crc.reset();
    for (long done = 0; done < length; done += CHECKED_AT_ONCE_BYTES) {
      if (done > 0) {
        cancellation.check();
      }
      long bytes = Math.min(CHECKED_AT_ONCE_BYTES, length - done);
      tools.crc.update(pack.data(), start + done, bytes);
    }
    return tools.crc.value();
  }

  /** Takes room for an entry, if there is some. */
  private boolean reserve(long expectedBytes) {
    if (expectedBytes > MAX_HELD_BYTES) {
      return false;
    }
    boolean room = heldByAll.addAndGet(expectedBytes) <= MAX_HELD_BY_ALL_BYTES;
    if (!room) {
      heldByAll.addAndGet(-expectedBytes);
    }
    return room;
  }

  private void rewrite(Packed packed, int source, long entry, Tools tools) throws IOException {
    PackFile pack = packed.pack();
    long start = entries.sourceOffset(entry);
    if (tools.chain.largestBytes(pack, start) > MAX_CHAIN_BYTES) {
      return;
    }
    // What is whole already is compressed anew to become smaller.
    long expected =
        entries.storedAsDelta(entry)
            ? tools.chain.bytes(pack, start)
            : entries.sourceEnd(source, packed, entry) - start;
    if (reserve(expected)) {
      try (Arena arena = Arena.ofConfined()) {
        DeltaChain.Whole whole = read(entries, entry, pack, tools, arena);
        hold(entry, expected, tools, sink -> send(whole, tools, sink));
      }
    }
  }

  private static DeltaChain.Whole read(
      EntryTable entries, long entry, PackFile pack, Tools tools, Arena arena)
      throws CorruptFileException {
    long start = entries.sourceOffset(entry);
    DeltaChain.Whole whole = tools.chain.read(pack, start, arena);
    DeltaChain.requireId(whole, pack, start, entries.idHex(entry));
    return whole;
  }

  /** Makes an entry that is not held, because it is large, and sends it away as it comes. */
  static void stream(EntryTable entries, long entry, Tools tools, Target target)
      throws IOException {
    Encoding sink = new Encoding(tools, target);
    switch (entries.sources().get(entries.sourceOf(entry))) {
      case Packed packed -> {
        try (Arena arena = Arena.ofConfined()) {
          send(read(entries, entry, packed.pack(), tools, arena), tools, sink);
        }
      }
      case Made made -> made.make(entries.position(entry), sink);
    }
    entries.setChecksum(entry, sink.finish());
  }

  private static void send(DeltaChain.Whole whole, Tools tools, EntrySink sink) throws IOException {
    MemorySegment content = whole.content();
    sink.begin(whole.type(), content.byteSize());
    byte[] piece = new byte[tools.piece.length];
    for (long at = 0; at < content.byteSize(); at += piece.length) {
      int bytes = (int) Math.min(piece.length, content.byteSize() - at);
      MemorySegment.copy(content, ValueLayout.JAVA_BYTE, at, piece, 0, bytes);
      sink.write(piece, 0, bytes);
    }
  }

  private void prepare(Made made, long entry, Tools tools, Cancellation cancellation)
      throws IOException {
    cancellation.check();
    long position = entries.position(entry);
    long expected = made.expectedBytes(position);
    if (reserve(expected)) {
      hold(entry, expected, tools, sink -> made.make(position, sink));
    }
  }

  /** Gives the content of one object. */
  private interface Content {
    void sendTo(EntrySink sink) throws IOException;
  }

  /**
   * Holds an entry for which room is reserved, and gives back what it did not need. One that comes to much more than was expected,
   * as content can be made to do, is not held after all.
   */
  private void hold(long entry, long reservedBytes, Tools tools, Content content)
      throws IOException {
    int start = heldBytes;
    long end = start + 2 * reservedBytes + SLACK_BYTES;
    try {
      Encoding sink =
          new Encoding(tools, (bytes, from, length) -> append(bytes, from, length, end));
      content.sendTo(sink);
      note(entry, sink.finish());
    } catch (OutgrownException e) {
      heldBytes = start;
    } finally {
      heldByAll.addAndGet(heldBytes - start - reservedBytes);
    }
  }

  private void note(long entry, int checksum) {
    entries.setChecksum(entry, checksum);
    if (heldCount == heldEnds.length) {
      int capacity = Math.max(8, heldCount * 2);
      heldEntries = Arrays.copyOf(heldEntries, capacity);
      heldEnds = Arrays.copyOf(heldEnds, capacity);
    }
    heldEntries[heldCount] = entry;
    heldEnds[heldCount] = heldBytes;
    heldCount++;
  }

  private void append(byte[] bytes, int from, int length, long end) throws OutgrownException {
    if (heldBytes + length > end) {
      throw new OutgrownException();
    }
    if (heldBytes + length > held.length) {
      held = Arrays.copyOf(held, Math.max(heldBytes + length, held.length * 2));
    }
    System.arraycopy(bytes, from, held, heldBytes, length);
    heldBytes += length;
  }

  /** An entry has become larger than it should. */
  private static final class OutgrownException extends IOException {
    private static final long serialVersionUID = 1;
  }

  /** Gives up what is held. */
  void release() {
    heldByAll.addAndGet(-heldBytes);
    heldBytes = 0;
    heldCount = 0;
    held = new byte[0];
  }

  /** Which of the held entries it is; negative if it is not held. They are asked for in the order of the sequence. */
  int heldAt(long entry) {
    if (nextHeld < heldCount && heldEntries[nextHeld] == entry) {
      return nextHeld++;
    }
    return -1;
  }

  byte[] held() {
    return held;
  }

  int heldStart(int at) {
    return at == 0 ? 0 : heldEnds[at - 1];
  }

  int heldEnd(int at) {
    return heldEnds[at];
  }

  /** Takes the bytes of an entry. */
  interface Target {
    void take(byte[] bytes, int from, int length) throws IOException;
  }

  /** Makes an entry of an object's content: head, and compressed content. */
  private static final class Encoding implements EntrySink {
    private final Tools tools;
    private final Target target;
    private boolean begun;
    private boolean deflates;
    private long expected;

    Encoding(Tools tools, Target target) {
      this.tools = tools;
      this.target = target;
      tools.deflater.reset();
      tools.crc.reset();
    }

    @Override
    public void begin(int type, long bytes) throws IOException {
      deflates = true;
      writeHead(type, bytes);
    }

    @Override
    public void beginStream(int type, long bytes) throws IOException {
      writeHead(type, bytes);
    }

    private void writeHead(int type, long bytes) throws IOException {
      if (begun) {
        throw new IllegalStateException("an object begins once");
      }
      begun = true;
      expected = bytes;
      give(tools.head, 0, EntryHeader.encode(type, bytes, tools.head));
    }

    private void give(byte[] bytes, int from, int length) throws IOException {
      tools.crc.update(bytes, from, length);
      target.take(bytes, from, length);
    }

    @Override
    public void write(byte[] piece, int from, int length) throws IOException {
      if (!deflates) {
        give(piece, from, length);
        return;
      }
      tools.deflater.setInput(piece, from, length);
      while (!tools.deflater.needsInput()) {
        drain();
      }
    }

    private void drain() throws IOException {
      give(tools.piece, 0, tools.deflater.deflate(tools.piece));
    }

    /** Ends the entry; returns its CRC-32. */
    int finish() throws IOException {
      if (!begun) {
        throw new IllegalStateException("an object was announced, and none came");
      }
      if (deflates) {
        tools.deflater.finish();
        while (!tools.deflater.finished()) {
          drain();
        }
        requireAll(tools.deflater.getBytesRead());
      }
      return tools.crc.value();
    }

    private void requireAll(long bytes) {
      if (bytes != expected) {
        throw new IllegalStateException(
            "an object of %d bytes was announced, and %d came".formatted(expected, bytes));
      }
    }
  }
}
