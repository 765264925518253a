package io.repackd.fuzz;

import io.repackd.objectdir.HashAlgorithm;
import java.security.MessageDigest;
import java.util.Arrays;

/**
 * What a fuzzer came up with. The first byte says what is done with the others.
 *
 * @param bytes never written to
 */
public record FuzzInput(byte[] bytes) {
  /** One of so many ways, by the first byte. */
  public int choice(int ways) {
    return bytes.length == 0 ? 0 : (bytes[0] & 0xff) % ways;
  }

  /** A bit of the first byte: 0 to 7. */
  public boolean flag(int bit) {
    return bytes.length > 0 && (bytes[0] >>> bit & 1) != 0;
  }

  /** What follows the first byte. */
  public byte[] rest() {
    return bytes.length == 0 ? bytes : Arrays.copyOfRange(bytes, 1, bytes.length);
  }

  /** Puts the right checksum at the end, which nobody comes upon by chance: what lies behind that is reached too. */
  public static byte[] withTrailer(byte[] file, HashAlgorithm hash) {
    if (file.length < hash.length()) {
      return file;
    }
    MessageDigest digest = hash.newDigest();
    digest.update(file, 0, file.length - hash.length());
    byte[] mended = file.clone();
    System.arraycopy(digest.digest(), 0, mended, file.length - hash.length(), hash.length());
    return mended;
  }
}
