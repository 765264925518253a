package io.repackd;

import io.repackd.objectdir.HashAlgorithm;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.Deflater;

/** Loose objects that git would not write, and where those lie that it did write. */
public final class LooseFiles {
  private LooseFiles() {}

  /** The id of what a loose file would hold, header and all. */
  public static String id(HashAlgorithm hash, byte[] whole) {
    return HexFormat.of().formatHex(hash.newDigest().digest(whole));
  }

  public static Path path(GitRepository repository, String id) {
    return repository.objects().resolve(id.substring(0, 2)).resolve(id.substring(2));
  }

  /** Puts bytes where the object with an id lies. */
  public static Path write(GitRepository repository, String id, byte[] file) {
    Path path = path(repository, id);
    try {
      Files.createDirectories(path.getParent());
      Files.deleteIfExists(path);
      return Files.write(path, file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static byte[] deflate(byte[] bytes) {
    return deflate(bytes, Deflater.DEFAULT_COMPRESSION, Deflater.DEFAULT_STRATEGY);
  }

  public static byte[] deflate(byte[] bytes, int level, int strategy) {
    Deflater deflater = new Deflater(level);
    deflater.setStrategy(strategy);
    deflater.setInput(bytes);
    deflater.finish();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] piece = new byte[4096];
    while (!deflater.finished()) {
      out.write(piece, 0, deflater.deflate(piece));
    }
    deflater.end();
    return out.toByteArray();
  }

  public static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** The loose objects there are, in the order of their ids. */
  public static List<String> ids(GitRepository repository) {
    try (Stream<Path> files = Files.walk(repository.objects(), 2)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> file.getParent().getFileName() + "" + file.getFileName())
          .filter(id -> id.matches("[0-9a-f]{40}|[0-9a-f]{64}"))
          .sorted(Comparator.naturalOrder())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
