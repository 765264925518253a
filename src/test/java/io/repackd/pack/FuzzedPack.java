package io.repackd.pack;

import io.repackd.fuzz.FuzzInput;
import io.repackd.objectdir.HashAlgorithm;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.zip.CRC32;

/**
 * A pack and the index that fits it, out of one input: the number of objects, for each two bytes of offset and the id, then the
 * pack without its trailing hash. So a mutation of an entry comes through to those who read entries. SHA-1 only.
 *
 * <p>Bit 0: the checksums of the entries are those of what was damaged, so that the damage has to be found behind them; bit 1: the
 * index has version 1, without any; bit 2: the head of the pack is as it was.
 */
final class FuzzedPack {
  private static final HashAlgorithm HASH = HashAlgorithm.SHA1;

  private static final int LISTED_BYTES = Short.BYTES + 20;

  private FuzzedPack() {}

  /** An object of the index. */
  private record Listed(int offset, byte[] id) {}

  static PackFile open(FuzzInput input, Path directory, Arena arena) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(input.rest());
    int count = bytes.hasRemaining() ? bytes.get() & 0xff : 0;
    List<Listed> listed = new ArrayList<>();
    while (listed.size() < count && bytes.remaining() >= LISTED_BYTES) {
      int offset = Short.toUnsignedInt(bytes.getShort());
      byte[] id = new byte[HASH.length()];
      bytes.get(id);
      listed.add(new Listed(offset, id));
    }
    listed.sort(Comparator.comparing(Listed::id, Arrays::compareUnsigned));
    byte[] body = new byte[Math.max(PackFile.HEADER_BYTES, bytes.remaining())];
    bytes.get(body, 0, bytes.remaining());
    if (input.flag(2)) {
      ByteBuffer.wrap(body).putInt(PackFile.MAGIC).putInt(2).putInt(listed.size());
    }
    byte[] pack = FuzzInput.withTrailer(Arrays.copyOf(body, body.length + HASH.length()), HASH);
    Path path = Files.write(directory.resolve("pack-1.pack"), pack);
    byte[] index =
        input.flag(1)
            ? versionOne(listed, pack)
            : versionTwo(listed, pack, input.flag(0) ? body : new byte[0]);
    return PackFile.open(path, Files.write(directory.resolve("pack-1.idx"), index), HASH, arena);
  }

  private static byte[] versionOne(List<Listed> listed, byte[] pack) {
    ByteBuffer index = ByteBuffer.allocate(1024 + listed.size() * 24 + 40);
    fanout(listed, index);
    listed.forEach(object -> index.putInt(object.offset()).put(object.id()));
    return end(index, pack);
  }

  private static byte[] versionTwo(List<Listed> listed, byte[] pack, byte[] body) {
    ByteBuffer index = ByteBuffer.allocate(8 + 1024 + listed.size() * 28 + 40);
    index.putInt(PackIndexV2.MAGIC).putInt(2);
    fanout(listed, index);
    listed.forEach(object -> index.put(object.id()));
    int[] offsets = listed.stream().mapToInt(Listed::offset).sorted().toArray();
    for (Listed object : listed) {
      int next = Arrays.binarySearch(offsets, object.offset()) + 1;
      int end = next < offsets.length ? offsets[next] : body.length;
      CRC32 crc = new CRC32();
      int from = Math.min(object.offset(), body.length);
      crc.update(body, from, Math.max(0, Math.min(end, body.length) - from));
      index.putInt((int) crc.getValue());
    }
    listed.forEach(object -> index.putInt(object.offset()));
    return end(index, pack);
  }

  private static void fanout(List<Listed> listed, ByteBuffer index) {
    int next = 0;
    for (int first = 0; first < PackIndex.FANOUT_ENTRIES; first++) {
      while (next < listed.size() && (listed.get(next).id()[0] & 0xff) <= first) {
        next++;
      }
      index.putInt(next);
    }
  }

  private static byte[] end(ByteBuffer index, byte[] pack) {
    index.put(pack, pack.length - HASH.length(), HASH.length());
    return FuzzInput.withTrailer(index.array(), HASH);
  }
}
