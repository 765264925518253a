package io.repackd.midx;

import io.repackd.GitRepository;
import io.repackd.objectdir.HashAlgorithm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * A repository of four packs, one of which owns nothing, and the multi-pack-indexes that git and we make of it. Its files may be
 * damaged as much as a test likes, if it takes a {@link #copy}.
 */
final class IndexedRepository {
  private static final int BTMP_ENTRY_BYTES = 8;

  private final GitRepository repository;
  private final HashAlgorithm hash;
  private final byte[] plain;
  private final byte[] withBitmap;

  private IndexedRepository(
      GitRepository repository, HashAlgorithm hash, byte[] plain, byte[] withBitmap) {
    this.repository = repository;
    this.hash = hash;
    this.plain = plain;
    this.withBitmap = withBitmap;
  }

  /** One of each hash function, below a directory. */
  static Stream<IndexedRepository> ofEachHash(Path directory) {
    return Arrays.stream(HashAlgorithm.values())
        .map(hash -> create(directory.resolve(hash.gitName()), hash));
  }

  static IndexedRepository create(Path path, HashAlgorithm hash) {
    try {
      return create(path, hash, new Random(20261121));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static IndexedRepository create(Path path, HashAlgorithm hash, Random random)
      throws IOException {
    GitRepository repository =
        GitRepository.bare(path, "--template=", "--object-format=" + hash.gitName(), "-b", "main");
    for (int i = 0; i < 3; i++) {
      repository.commits(8, random);
    }
    List<Path> owners = repository.packFiles();
    String ids = repository.git("rev-list", "--all", "--objects", "--no-object-names");
    String some = String.join("\n", ids.lines().limit(20).toList()) + "\n";
    repository.gitWithInput(
        some, "pack-objects", "-q", repository.packs().resolve("pack").toString());
    for (Path pack : repository.packFiles()) {
      long age = owners.contains(pack) ? owners.indexOf(pack) : -1;
      GitRepository.setModified(pack, Instant.ofEpochSecond(1_600_000_000L + age));
    }
    String preferred = "--preferred-pack=" + owners.getFirst().getFileName();
    repository.git("multi-pack-index", "write", preferred);
    byte[] plain = Files.readAllBytes(repository.index());
    Files.delete(repository.index());
    repository.git("multi-pack-index", "write", "--bitmap", preferred);
    byte[] withBitmap = Files.readAllBytes(repository.index());
    for (Path sidecar : repository.files(".bitmap")) {
      Files.delete(sidecar);
    }
    return new IndexedRepository(repository, hash, plain, withBitmap);
  }

  /** Any other repository that has a multi-pack-index. */
  static IndexedRepository of(GitRepository repository, HashAlgorithm hash) throws IOException {
    byte[] index = Files.readAllBytes(repository.index());
    return new IndexedRepository(repository, hash, index, index);
  }

  GitRepository repository() {
    return repository;
  }

  HashAlgorithm hash() {
    return hash;
  }

  Path index() {
    return repository.index();
  }

  /** The same in another place. Its files are to be replaced, not overwritten: they are links to those here. */
  IndexedRepository copy(Path to) throws IOException {
    try (Stream<Path> files = Files.walk(repository.path())) {
      for (Path file : files.toList()) {
        Path target = to.resolve(repository.path().relativize(file));
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.createLink(target, file);
        }
      }
    }
    return new IndexedRepository(GitRepository.at(to), hash, plain, withBitmap);
  }

  /** Puts an index where git looks for it. */
  IndexedRepository install(byte[] index) {
    try {
      Files.deleteIfExists(index());
      Files.write(index(), index);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return this;
  }

  /** The index that git writes. */
  MultiPackIndexEditor plain() {
    return new MultiPackIndexEditor(plain, hash);
  }

  /** The index that git writes beside a bitmap: with RIDX, and with BTMP if git knows it. */
  MultiPackIndexEditor withBitmap() {
    return new MultiPackIndexEditor(withBitmap, hash);
  }

  /** With LOFF, RIDX and BTMP. */
  MultiPackIndexEditor withEverything() {
    return withLargeOffsets(withBitmappedPacks(withBitmap()));
  }

  /** Puts the offset of every third object into LOFF, where no writer would put it; all readers take it from there. */
  static MultiPackIndexEditor withLargeOffsets(MultiPackIndexEditor editor) {
    ByteBuffer owners = editor.chunk(ChunkTable.OFFSETS);
    List<Long> large = new ArrayList<>();
    for (int i = 0; i < editor.objects(); i += 3) {
      int at = i * MultiPackIndex.OWNER_BYTES + Integer.BYTES;
      long offset = Integer.toUnsignedLong(owners.getInt(at));
      owners.putInt(at, MultiPackIndex.LARGE | large.size());
      large.add(offset);
    }
    ByteBuffer chunk = ByteBuffer.allocate(large.size() * Long.BYTES);
    large.forEach(chunk::putLong);
    return editor.put(ChunkTable.LARGE_OFFSETS, chunk.array());
  }

  /** Adds the BTMP chunk that git has written since 2.44. */
  static MultiPackIndexEditor withBitmappedPacks(MultiPackIndexEditor editor) {
    ByteBuffer order = editor.chunk(ChunkTable.REVERSE_INDEX);
    ByteBuffer owners = editor.chunk(ChunkTable.OFFSETS);
    ByteBuffer chunk = ByteBuffer.allocate(editor.packCount() * BTMP_ENTRY_BYTES);
    for (int bit = 0; bit < editor.objects(); bit++) {
      int position = order.getInt(bit * Integer.BYTES);
      int at = owners.getInt(position * MultiPackIndex.OWNER_BYTES) * BTMP_ENTRY_BYTES;
      int count = chunk.getInt(at + Integer.BYTES);
      if (count == 0) {
        chunk.putInt(at, bit);
      }
      chunk.putInt(at + Integer.BYTES, count + 1);
    }
    return editor.put(ChunkTable.BITMAPPED_PACKS, chunk.array());
  }
}
