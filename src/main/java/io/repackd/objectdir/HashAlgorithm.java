package io.repackd.objectdir;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Optional;

/**
 * The hash function of a repository: names its objects, and closes each of its pack files as a checksum.
 *
 * <p>Source: gitformat-pack and gitrepository-layout ({@code extensions.objectFormat}).
 */
public enum HashAlgorithm {
  SHA1("sha1", 1, 20, "SHA-1"),
  SHA256("sha256", 2, 32, "SHA-256");

  private final String gitName;
  private final int formatId;
  private final int length;
  private final String javaName;

  HashAlgorithm(String gitName, int formatId, int length, String javaName) {
    this.gitName = gitName;
    this.formatId = formatId;
    this.length = length;
    this.javaName = javaName;
  }

  /** The name in {@code extensions.objectFormat}. */
  public String gitName() {
    return gitName;
  }

  /** The number which stands for it in reverse indexes and multi-pack-indexes: 1 or 2. */
  public int formatId() {
    return formatId;
  }

  /** The length of a hash in bytes: 20 or 32. */
  public int length() {
    return length;
  }

  /** A new digest. */
  public MessageDigest newDigest() {
    try {
      return MessageDigest.getInstance(javaName);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has " + javaName, e);
    }
  }

  /** The algorithm which {@code extensions.objectFormat} names, in any case of letters as git reads it. */
  public static Optional<HashAlgorithm> ofGitName(String name) {
    return Arrays.stream(values()).filter(hash -> hash.gitName.equalsIgnoreCase(name)).findFirst();
  }

  /** The algorithm with the given number in a file format. */
  public static Optional<HashAlgorithm> ofFormatId(int id) {
    return Arrays.stream(values()).filter(hash -> hash.formatId == id).findFirst();
  }
}
