package io.repackd.maintenance;

import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.PackDirectoryListing;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The {@code multi-pack-index-CHECKSUM.bitmap} and {@code .rev} files. Each belongs to the one index which ends in that checksum,
 * and is of no use to anybody beside another. Source: gitformat-pack.
 */
final class IndexSidecars {
  private static final String BITMAP = ".bitmap";

  private final List<FileStamp> files;

  IndexSidecars(PackDirectoryListing listing) {
    files = listing.indexSidecars();
  }

  /** The bitmap that belongs to an index. */
  Optional<FileStamp> bitmapOf(Path index, HashAlgorithm hash) throws IOException {
    String checksum = checksum(index, hash);
    return files.stream()
        .filter(file -> file.name().endsWith(BITMAP) && belongsTo(file, checksum))
        .findFirst();
  }

  /** Whether there are any that do not belong to the index. */
  boolean hasStrangers(Path index, HashAlgorithm hash) throws IOException {
    String checksum = checksum(index, hash);
    return files.stream().anyMatch(file -> !belongsTo(file, checksum));
  }

  /** Removes those that do not belong to the index, if they are as they were listed. */
  void removeStrangers(Path index, HashAlgorithm hash) throws IOException {
    String checksum = checksum(index, hash);
    for (FileStamp file : files) {
      if (!belongsTo(file, checksum) && file.unchanged()) {
        Files.deleteIfExists(file.path());
      }
    }
  }

  private static boolean belongsTo(FileStamp sidecar, String checksum) {
    return !checksum.isEmpty() && sidecar.name().contains(checksum);
  }

  /** The checksum at the end of an index, in hexadecimal form; empty if there is no index, or one too short to have any. */
  private static String checksum(Path index, HashAlgorithm hash) throws IOException {
    ByteBuffer trailer = ByteBuffer.allocate(hash.length());
    try (FileChannel channel = FileChannel.open(index, StandardOpenOption.READ)) {
      long at = channel.size() - hash.length();
      if (at < 0) {
        return "";
      }
      while (trailer.hasRemaining()) {
        if (channel.read(trailer, at + trailer.position()) < 0) {
          throw new EOFException("%s was cut off while it was read".formatted(index));
        }
      }
      return HexFormat.of().formatHex(trailer.array());
    } catch (NoSuchFileException e) {
      return "";
    }
  }
}
