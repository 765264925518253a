package io.repackd.pack;

import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.zip.Deflater;

/**
 * Writes the entries of an {@link EntryTable} one after the other.
 *
 * <p>An entry is copied as it is where it can be, and neighbours that are copied as they are go in one stretch. A delta by
 * distance stays as it is while its base has moved as far as itself; otherwise its head is written anew, and its compressed
 * bytes are copied. Its base may come later in the new pack, if it was taken from another source: then the delta names it by
 * id.
 *
 * <p>Each entry is checked against the checksum in its source's index before it is copied, so that damage does not spread.
 */
final class EntryCopier implements AutoCloseable {
  /** What is copied between two looks at the cancellation. */
  private static final long STRETCH_BYTES = 8L << 20;

  private static final int MAX_HEAD_BYTES = 64;

  private final EntryTable entries;
  private final HashingOutput out;
  private final Cancellation cancellation;
  private final EntryHeader header = new EntryHeader();
  private final EntryChecksum crc = new EntryChecksum();
  private final byte[] head = new byte[MAX_HEAD_BYTES];
  private final DeltaChain chain = new DeltaChain();
  private final Deflater deflater;

  private long stretchStart;
  private long stretchBytes;
  private long rewritten;

  EntryCopier(
      EntryTable entries, HashingOutput out, int compressionLevel, Cancellation cancellation) {
    this.entries = entries;
    this.out = out;
    this.deflater = new Deflater(compressionLevel);
    this.cancellation = cancellation;
  }

  /** Copies everything, and notes in the table where each entry came to lie. */
  void copyAll() throws IOException {
    for (int source = 0; source < entries.sources().size(); source++) {
      PackFile pack = entries.sources().get(source).pack();
      long end = entries.firstEntry(source + 1);
      for (long entry = entries.firstEntry(source); entry < end; entry++) {
        copy(pack, entry);
      }
      endStretch(pack);
    }
  }

  /** How many objects could not be copied and were written whole. */
  long rewritten() {
    return rewritten;
  }

  private void copy(PackFile pack, long entry) throws IOException {
    long from = entries.sourceOffset(entry);
    long length = entries.sourceEnd(entry) - from;
    long base = entries.base(entry);
    int checksum = check(pack, entry, from, length);
    header.read(pack, from);
    if (base == EntryTable.REWRITE) {
      endStretch(pack);
      rewrite(pack, entry);
      return;
    }
    if (staysAsItIs(entry, base)) {
      if (stretchBytes == 0 || stretchStart + stretchBytes != from) {
        endStretch(pack);
        stretchStart = from;
      }
      entries.written(entry, out.position() + stretchBytes, checksum);
      stretchBytes += length;
      if (stretchBytes >= STRETCH_BYTES) {
        endStretch(pack);
      }
      return;
    }
    endStretch(pack);
    copyWithNewHead(pack, entry, base);
  }

  /** A base which comes later has no place yet; one from this source has moved as this entry has, or not. */
  private boolean staysAsItIs(long entry, long base) {
    if (base == EntryTable.WHOLE) {
      return true;
    }
    if (header.type() == EntryHeader.REF_DELTA) {
      return base > entry;
    }
    return base < entry
        && out.position() + stretchBytes - entries.offset(base) == header.baseDistance();
  }

  private void copyWithNewHead(PackFile pack, long entry, long base) throws IOException {
    long start = out.position();
    int headBytes;
    if (base < entry) {
      headBytes = EntryHeader.encode(EntryHeader.OFS_DELTA, header.size(), head);
      headBytes = EntryHeader.encodeDistance(start - entries.offset(base), head, headBytes);
    } else {
      headBytes = EntryHeader.encode(EntryHeader.REF_DELTA, header.size(), head);
      PackIndex index = entries.indexOf(entries.sourceOf(base));
      int hashLength = index.hash().length();
      MemorySegment.copy(
          index.file(),
          ValueLayout.JAVA_BYTE,
          index.idOffset(entries.position(base)),
          head,
          headBytes,
          hashLength);
      headBytes += hashLength;
    }
    long bodyBytes = entries.sourceEnd(entry) - header.body();
    crc.reset();
    crc.update(head, headBytes);
    crc.update(pack.data(), header.body(), bodyBytes);
    out.write(head, headBytes);
    out.write(pack.data(), header.body(), bodyBytes);
    entries.written(entry, start, crc.value());
  }

  private void rewrite(PackFile pack, long entry) throws IOException {
    long start = out.position();
    try (Arena arena = Arena.ofConfined()) {
      DeltaChain.Whole whole = chain.read(pack, entries.sourceOffset(entry), arena);
      int headBytes = EntryHeader.encode(whole.type(), whole.content().byteSize(), head);
      crc.reset();
      crc.update(head, headBytes);
      out.write(head, headBytes);
      deflate(whole.content());
    }
    entries.written(entry, start, crc.value());
    rewritten++;
  }

  private void deflate(MemorySegment content) throws IOException {
    deflater.reset();
    deflater.setInput(content.asByteBuffer());
    deflater.finish();
    byte[] piece = new byte[1 << 14];
    while (!deflater.finished()) {
      int bytes = deflater.deflate(piece);
      crc.update(piece, bytes);
      out.write(piece, bytes);
      cancellation.check();
    }
  }

  /** Compares an entry with its checksum; where there is none, its compressed bytes have to be whole. */
  private int check(PackFile pack, long entry, long from, long length) throws CorruptFileException {
    PackIndex index = pack.index();
    crc.reset();
    crc.update(pack.data(), from, length);
    int checksum = crc.value();
    if (index.hasCrc32()) {
      if (checksum != index.crc32(entries.position(entry))) {
        throw new CorruptFileException(
            pack.path(),
            "entry at %d (object %s) does not match its checksum in %s"
                .formatted(from, index.idHex(entries.position(entry)), index.path()));
      }
    } else if (chain.checkInflates(pack, from) != from + length) {
      throw new CorruptFileException(
          pack.path(), "entry at %d does not end where the next begins".formatted(from));
    }
    return checksum;
  }

  private void endStretch(PackFile pack) throws IOException {
    if (stretchBytes > 0) {
      out.write(pack.data(), stretchStart, stretchBytes);
      stretchBytes = 0;
      cancellation.check();
    }
  }

  @Override
  public void close() {
    chain.close();
    deflater.end();
  }
}
