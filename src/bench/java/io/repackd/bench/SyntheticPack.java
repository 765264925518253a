package io.repackd.bench;

import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.HashingOutput;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32;

/**
 * A valid pack of the smallest blobs, and its index. A blob is the eight bytes of its number, so every number is another
 * object; its zlib stream is one stored block, which takes no time to write.
 *
 * <p>Source of the formats: gitformat-pack; RFC 1950 and 1951 for the stream.
 */
final class SyntheticPack {
  private static final HashAlgorithm HASH = HashAlgorithm.SHA1;
  private static final int ID_BYTES = 20;
  private static final int CONTENT_BYTES = Long.BYTES;
  private static final byte[] LOOSE_HEADER = {'b', 'l', 'o', 'b', ' ', '8', 0};

  private static final int PACK_MAGIC = 0x5041434b; // PACK
  private static final int PACK_VERSION = 2;
  private static final int PACK_HEADER_BYTES = 12;
  private static final int INDEX_MAGIC = 0xff744f63;
  private static final int INDEX_VERSION = 2;

  /** Type blob and size 8; the header of zlib; the only and last block, stored, its length and the complement of that. */
  private static final byte[] ENTRY_START = {0x38, 0x78, 0x01, 0x01, 8, 0, (byte) ~8, (byte) ~0};

  private static final int ENTRY_BYTES = ENTRY_START.length + CONTENT_BYTES + Integer.BYTES;
  private static final int ADLER_MODULUS = 65521;

  /** Sort keys have the first 40 bits of an id above the number of the entry. */
  private static final int ENTRY_BITS = 24;

  private static final int MAX_ENTRIES = 1 << ENTRY_BITS;

  private static final int ENTRIES_AT_ONCE = 4096;

  private final long[] numbers;
  private final byte[] ids;
  private final int[] checksums;

  private SyntheticPack(long[] numbers) {
    this.numbers = numbers;
    ids = new byte[numbers.length * ID_BYTES];
    checksums = new int[numbers.length];
  }

  /**
   * Writes a pack and its index.
   *
   * @param packDirectory where they come to lie, under the name that git would give them
   * @param numbers the objects in the order of the pack, each once
   * @param modified when the pack is to have been modified
   * @return the index
   */
  static Path write(Path packDirectory, long[] numbers, Instant modified) throws IOException {
    if (numbers.length > MAX_ENTRIES) {
      throw new IllegalArgumentException(
          "a synthetic pack has at most %d objects, not %d".formatted(MAX_ENTRIES, numbers.length));
    }
    SyntheticPack pack = new SyntheticPack(numbers);
    Path unnamed = Files.createTempFile(packDirectory, "tmp_pack_", "");
    byte[] packHash = pack.writePack(unnamed);
    String name = "pack-" + HexFormat.of().formatHex(packHash);
    publish(unnamed, packDirectory.resolve(name + ".pack"), modified);
    Path unnamedIndex = Files.createTempFile(packDirectory, "tmp_idx_", "");
    pack.writeIndex(unnamedIndex, packHash);
    Path index = packDirectory.resolve(name + ".idx");
    publish(unnamedIndex, index, modified);
    return index;
  }

  private static void publish(Path unnamed, Path file, Instant modified) throws IOException {
    Files.setPosixFilePermissions(unnamed, PosixFilePermissions.fromString("r--r--r--"));
    Files.setLastModifiedTime(unnamed, FileTime.from(modified));
    Files.move(unnamed, file);
  }

  private byte[] writePack(Path file) throws IOException {
    MessageDigest digest = HASH.newDigest();
    CRC32 checksum = new CRC32();
    byte[] loose = Arrays.copyOf(LOOSE_HEADER, LOOSE_HEADER.length + CONTENT_BYTES);
    byte[] entries = new byte[ENTRIES_AT_ONCE * ENTRY_BYTES];
    ByteBuffer buffer = ByteBuffer.wrap(entries);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
        HashingOutput out = new HashingOutput(channel, HASH)) {
      out.writeInt(PACK_MAGIC);
      out.writeInt(PACK_VERSION);
      out.writeInt(numbers.length);
      for (int i = 0; i < numbers.length; i++) {
        int start = buffer.position();
        buffer.put(ENTRY_START).putLong(numbers[i]);
        System.arraycopy(
            entries, start + ENTRY_START.length, loose, LOOSE_HEADER.length, CONTENT_BYTES);
        buffer.putInt(adler32(loose));
        checksum.reset();
        checksum.update(entries, start, ENTRY_BYTES);
        checksums[i] = (int) checksum.getValue();
        digest.update(loose);
        digest.digest(ids, i * ID_BYTES, ID_BYTES);
        if (!buffer.hasRemaining() || i == numbers.length - 1) {
          out.write(MemorySegment.ofArray(entries), 0, buffer.position());
          buffer.clear();
        }
      }
      return out.finish();
    } catch (DigestException e) {
      throw new IllegalStateException("an id has the length of the hash", e);
    }
  }

  /** The checksum of zlib over the content that ends a loose object. */
  private static int adler32(byte[] loose) {
    int low = 1;
    int high = 0;
    for (int i = LOOSE_HEADER.length; i < loose.length; i++) {
      low += loose[i] & 0xff;
      high += low;
    }
    return (high % ADLER_MODULUS) << 16 | low % ADLER_MODULUS;
  }

  private void writeIndex(Path file, byte[] packHash) throws IOException {
    int[] order = order();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
        HashingOutput out = new HashingOutput(channel, HASH)) {
      out.writeInt(INDEX_MAGIC);
      out.writeInt(INDEX_VERSION);
      int next = 0;
      for (int firstByte = 0; firstByte <= 0xff; firstByte++) {
        while (next < order.length && (ids[order[next] * ID_BYTES] & 0xff) == firstByte) {
          next++;
        }
        out.writeInt(next);
      }
      MemorySegment allIds = MemorySegment.ofArray(ids);
      for (int entry : order) {
        out.write(allIds, (long) entry * ID_BYTES, ID_BYTES);
      }
      for (int entry : order) {
        out.writeInt(checksums[entry]);
      }
      for (int entry : order) {
        out.writeInt(PACK_HEADER_BYTES + entry * ENTRY_BYTES);
      }
      out.write(packHash);
      out.finish();
    }
  }

  /** The entries in the order of their ids: sorted by the first 40 bits, and the few that share those by insertion. */
  private int[] order() {
    long[] keys = new long[numbers.length];
    ByteBuffer buffer = ByteBuffer.wrap(ids);
    for (int i = 0; i < keys.length; i++) {
      long prefix = buffer.getLong(i * ID_BYTES) >>> ENTRY_BITS << ENTRY_BITS;
      keys[i] = (prefix | i) ^ Long.MIN_VALUE; // sorted as if unsigned
    }
    Arrays.sort(keys);
    int[] order = new int[keys.length];
    for (int i = 0; i < order.length; i++) {
      int entry = (int) keys[i] & (MAX_ENTRIES - 1);
      int at = i;
      while (at > 0 && compareIds(order[at - 1], entry) > 0) {
        order[at] = order[at - 1];
        at--;
      }
      order[at] = entry;
    }
    return order;
  }

  private int compareIds(int entry, int other) {
    return Arrays.compareUnsigned(
        ids,
        entry * ID_BYTES,
        (entry + 1) * ID_BYTES,
        ids,
        other * ID_BYTES,
        (other + 1) * ID_BYTES);
  }
}
