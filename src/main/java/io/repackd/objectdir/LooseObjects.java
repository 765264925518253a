package io.repackd.objectdir;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * How many loose objects there are.
 *
 * @param count the number of files
 * @param bytes their sizes together
 */
public record LooseObjects(long count, long bytes) {
  private static final int FANOUT_DIRECTORIES = 256;

  /** Counts the files in the directories {@code 00} to {@code ff} whose names are object ids. */
  static LooseObjects count(Path objectDirectory, HashAlgorithm hash) throws IOException {
    int nameLength = hash.length() * 2 - 2;
    long count = 0;
    long bytes = 0;
    for (int i = 0; i < FANOUT_DIRECTORIES; i++) {
      Path directory = objectDirectory.resolve("%02x".formatted(i));
      try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
        for (Path file : files) {
          if (isObjectName(String.valueOf(file.getFileName()), nameLength)) {
            bytes += sizeOf(file);
            count++;
          }
        }
      } catch (NoSuchFileException e) {
        // Made with its first object, removed with its last.
      } catch (DirectoryIteratorException e) {
        throw e.getCause();
      }
    }
    return new LooseObjects(count, bytes);
  }

  /** How many there are if every directory holds as many as {@code 17}, in which git looks, too, because ids are spread evenly. */
  static long estimate(Path objectDirectory, HashAlgorithm hash) throws IOException {
    int nameLength = hash.length() * 2 - 2;
    long count = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(objectDirectory.resolve("17"))) {
      for (Path file : files) {
        count += isObjectName(String.valueOf(file.getFileName()), nameLength) ? 1 : 0;
      }
    } catch (NoSuchFileException e) {
      return 0;
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return count * FANOUT_DIRECTORIES;
  }

  private static long sizeOf(Path file) throws IOException {
    try {
      return Files.size(file);
    } catch (NoSuchFileException e) {
      return 0; // packed by somebody since the directory was listed
    }
  }

  static boolean isObjectName(String name, int length) {
    if (name.length() != length) {
      return false;
    }
    return name.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
  }
}
