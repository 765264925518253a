package io.repackd.pack;

import io.repackd.GitRepository;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.Deflater;

/** Packs with deltas that git would not choose, indexed by git. SHA-1 only. */
final class TestPack {
  private TestPack() {}

  /** An entry: its bytes in a pack. */
  record Entry(byte[] bytes) {}

  static Entry whole(int type, byte[] content) {
    return whole(type, content, Deflater.DEFAULT_COMPRESSION);
  }

  static Entry whole(int type, byte[] content, int level) {
    return new Entry(join(header(type, content.length), deflate(content, level)));
  }

  /** A delta by id, which copies the longest common beginning and inserts the rest. */
  static Entry refDelta(byte[] baseId, byte[] base, byte[] target) {
    int common = Arrays.mismatch(base, target);
    ByteArrayOutputStream delta = new ByteArrayOutputStream();
    size(delta, base.length);
    size(delta, target.length);
    delta.write(0x80 | 0x10 | 0x20); // copy from 0, two bytes of length
    delta.write(common & 0xff);
    delta.write(common >>> 8);
    delta.write(target.length - common);
    delta.write(target, common, target.length - common);
    byte[] instructions = delta.toByteArray();
    return new Entry(join(header(7, instructions.length), baseId, deflate(instructions)));
  }

  /** A delta by id, which copies the whole base and inserts what follows. */
  static Entry longDelta(byte[] base, byte[] target) {
    ByteArrayOutputStream delta = new ByteArrayOutputStream();
    size(delta, base.length);
    size(delta, target.length);
    delta.write(0x80 | 0x10 | 0x20);
    delta.write(base.length & 0xff);
    delta.write(base.length >>> 8);
    for (int at = base.length; at < target.length; at += 0x7f) {
      int bytes = Math.min(0x7f, target.length - at);
      delta.write(bytes);
      delta.write(target, at, bytes);
    }
    byte[] instructions = delta.toByteArray();
    return new Entry(join(header(7, instructions.length), blobId(base), deflate(instructions)));
  }

  /** The same delta by id, with so many empty blocks before what is compressed. */
  static Entry delayed(Entry refDelta, int blocks) {
    byte[] bytes = refDelta.bytes();
    int compressed = 20 + 1;
    while ((bytes[compressed - 21] & 0x80) != 0) {
      compressed++;
    }
    byte[] emptyBlock = {0, 0, 0, (byte) 0xff, (byte) 0xff};
    ByteArrayOutputStream delayed = new ByteArrayOutputStream();
    delayed.write(bytes, 0, compressed + 2); // two bytes say how it is compressed
    for (int i = 0; i < blocks; i++) {
      delayed.writeBytes(emptyBlock);
    }
    delayed.write(bytes, compressed + 2, bytes.length - compressed - 2);
    return new Entry(delayed.toByteArray());
  }

  static byte[] blobId(byte[] content) {
    return sha1(("blob " + content.length + "\0").getBytes(StandardCharsets.UTF_8), content);
  }

  /** Writes a pack into the repository and has git index it. */
  static Path write(GitRepository repository, Entry... entries) throws IOException {
    ByteArrayOutputStream pack = new ByteArrayOutputStream();
    pack.writeBytes(
        ByteBuffer.allocate(12).putInt(0x5041434b).putInt(2).putInt(entries.length).array());
    for (Entry entry : entries) {
      pack.writeBytes(entry.bytes());
    }
    byte[] body = pack.toByteArray();
    byte[] hash = sha1(body);
    Path file = repository.packs().resolve("pack-" + HexFormat.of().formatHex(hash) + ".pack");
    Files.write(file, join(body, hash));
    repository.git("index-pack", file.toString());
    return file;
  }

  private static byte[] header(int type, int size) {
    byte[] buffer = new byte[16];
    return Arrays.copyOf(buffer, EntryHeader.encode(type, size, buffer));
  }

  private static void size(ByteArrayOutputStream out, int size) {
    int rest = size;
    while (rest > 0x7f) {
      out.write(rest & 0x7f | 0x80);
      rest >>>= 7;
    }
    out.write(rest);
  }

  private static byte[] deflate(byte[] content) {
    return deflate(content, Deflater.DEFAULT_COMPRESSION);
  }

  private static byte[] deflate(byte[] content, int level) {
    Deflater deflater = new Deflater(level);
    deflater.setInput(content);
    deflater.finish();
    byte[] buffer = new byte[content.length + content.length / 1000 + 100];
    int length = deflater.deflate(buffer);
    deflater.end();
    return Arrays.copyOf(buffer, length);
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  private static byte[] sha1(byte[]... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-1");
      for (byte[] part : parts) {
        digest.update(part);
      }
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
