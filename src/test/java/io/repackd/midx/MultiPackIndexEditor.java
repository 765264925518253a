package io.repackd.midx;

import io.repackd.objectdir.HashAlgorithm;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * A multi-pack-index which git wrote, taken apart: header and chunks. Put together again, it has a table that fits the chunks and
 * a trailing checksum that is right, whatever was done to the rest. Source: gitformat-chunk.
 */
final class MultiPackIndexEditor {
  static final int HEADER_BYTES = 12;
  static final int ENTRY_BYTES = 12;
  private static final int COUNT_AT = 6;

  private final HashAlgorithm hash;
  private final byte[] header;
  private final Map<Integer, byte[]> chunks = new LinkedHashMap<>();

  MultiPackIndexEditor(byte[] file, HashAlgorithm hash) {
    this.hash = hash;
    this.header = Arrays.copyOf(file, HEADER_BYTES);
    ByteBuffer buffer = ByteBuffer.wrap(file);
    for (int i = 0; i < file[COUNT_AT]; i++) {
      int start = Math.toIntExact(buffer.getLong(offsetAt(i)));
      int end = Math.toIntExact(buffer.getLong(offsetAt(i + 1)));
      chunks.put(buffer.getInt(idAt(i)), Arrays.copyOfRange(file, start, end));
    }
  }

  /** Where the table has the id of the i-th chunk. */
  static int idAt(int i) {
    return HEADER_BYTES + i * ENTRY_BYTES;
  }

  /** Where the table has the offset of the i-th chunk. */
  static int offsetAt(int i) {
    return idAt(i) + Integer.BYTES;
  }

  /** Where the i-th chunk begins in a file that is put together. */
  static long offset(byte[] file, int i) {
    return ByteBuffer.wrap(file).getLong(offsetAt(i));
  }

  HashAlgorithm hash() {
    return hash;
  }

  int chunkCount() {
    return chunks.size();
  }

  /** A chunk, to be read or overwritten. */
  ByteBuffer chunk(int id) {
    return ByteBuffer.wrap(Objects.requireNonNull(chunks.get(id)));
  }

  boolean has(int id) {
    return chunks.containsKey(id);
  }

  MultiPackIndexEditor header(int at, int value) {
    header[at] = (byte) value;
    return this;
  }

  MultiPackIndexEditor packCount(int count) {
    ByteBuffer.wrap(header).putInt(8, count);
    return this;
  }

  int packCount() {
    return ByteBuffer.wrap(header).getInt(8);
  }

  int objects() {
    return chunk(ChunkTable.FANOUT).getInt(255 * Integer.BYTES);
  }

  String idHex(int position) {
    int at = position * hash.length();
    return HexFormat.of().formatHex(chunk(ChunkTable.IDS).array(), at, at + hash.length());
  }

  MultiPackIndexEditor edit(int id, Consumer<ByteBuffer> change) {
    change.accept(chunk(id));
    return this;
  }

  /** Replaces a chunk, or adds one at the end. */
  MultiPackIndexEditor put(int id, byte[] content) {
    chunks.put(id, content);
    return this;
  }

  /** Makes a chunk longer, by zeros, or shorter. */
  MultiPackIndexEditor grow(int id, int bytes) {
    return put(id, Arrays.copyOf(chunk(id).array(), chunk(id).capacity() + bytes));
  }

  MultiPackIndexEditor remove(int id) {
    chunks.remove(id);
    return this;
  }

  /** The whole file. */
  byte[] bytes() {
    int at = HEADER_BYTES + (chunks.size() + 1) * ENTRY_BYTES;
    int length = at + chunks.values().stream().mapToInt(chunk -> chunk.length).sum();
    ByteBuffer file = ByteBuffer.allocate(length + hash.length());
    header[COUNT_AT] = (byte) chunks.size();
    file.put(header);
    for (Map.Entry<Integer, byte[]> chunk : chunks.entrySet()) {
      file.putInt(chunk.getKey()).putLong(at);
      at += chunk.getValue().length;
    }
    file.putInt(0).putLong(at);
    chunks.values().forEach(file::put);
    return seal(file.array(), hash);
  }

  /** The whole file, with something done to it that its parts do not allow; the checksum is right all the same. */
  byte[] bytes(Consumer<ByteBuffer> change) {
    byte[] file = bytes();
    change.accept(ByteBuffer.wrap(file));
    return seal(file, hash);
  }

  /** Makes the trailing checksum right. */
  static byte[] seal(byte[] file, HashAlgorithm hash) {
    int end = file.length - hash.length();
    byte[] checksum = hash.newDigest().digest(Arrays.copyOf(file, end));
    System.arraycopy(checksum, 0, file, end, checksum.length);
    return file;
  }
}
