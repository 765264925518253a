package io.repackd.midx;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.objectdir.HashAlgorithm;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.function.UnaryOperator;

/** The two files of a pack that a multi-pack-index lists, to be changed. The index is of version 2 and without large offsets. */
record ListedPackEditor(GitRepository repository, Path data, Path index, int hashLength) {
  private static final int FANOUT_AT = 8;
  private static final int IDS_AT = FANOUT_AT + 1024;

  /** What is done to a pack. */
  interface Change {
    void apply(ListedPackEditor pack) throws Exception;
  }

  /** The first pack that owns objects, or the first that owns none. */
  static ListedPackEditor of(IndexedRepository repository, boolean owner) throws IOException {
    return all(repository, owner).getFirst();
  }

  /** All packs that own objects, or all that own none, by name. */
  static List<ListedPackEditor> all(IndexedRepository repository, boolean owners)
      throws IOException {
    OwnerCounts counts;
    try (Arena arena = Arena.ofConfined()) {
      counts = MultiPackIndex.open(repository.index(), repository.hash(), arena).countOwners();
    }
    return repository.repository().files(".idx").stream()
        .filter(index -> counts.of(index.getFileName().toString()) > 0 == owners)
        .map(index ->
            new ListedPackEditor(
                repository.repository(),
                index.resolveSibling(index.getFileName().toString().replace(".idx", ".pack")),
                index,
                repository.hash().length()))
        .toList();
  }

  void editData(UnaryOperator<byte[]> change) throws IOException {
    edit(data, change);
  }

  void editIndex(UnaryOperator<byte[]> change) throws IOException {
    edit(index, change);
  }

  private static void edit(Path file, UnaryOperator<byte[]> change) throws IOException {
    byte[] changed = change.apply(Files.readAllBytes(file));
    Files.delete(file);
    Files.write(file, changed);
  }

  int objects() throws IOException {
    return ByteBuffer.wrap(Files.readAllBytes(index)).getInt(IDS_AT - Integer.BYTES);
  }

  void editId(int position, UnaryOperator<byte[]> change) throws IOException {
    editIndex(file -> {
      byte[] id = new byte[hashLength];
      ByteBuffer bytes = ByteBuffer.wrap(file);
      int at = IDS_AT + position * hashLength;
      bytes.get(at, id);
      return bytes.put(at, change.apply(id)).array();
    });
  }

  /** Exchanges two ids that begin with the same byte, but not their offsets. */
  void exchangeIds() throws IOException {
    editIndex(file -> {
      int at = IDS_AT;
      while (file[at] != file[at + hashLength]) {
        at += hashLength;
      }
      byte[] first = new byte[hashLength];
      System.arraycopy(file, at, first, 0, hashLength);
      System.arraycopy(file, at + hashLength, file, at, hashLength);
      System.arraycopy(first, 0, file, at + hashLength, hashLength);
      return file;
    });
  }

  void editCrc(int position, int bits) throws IOException {
    int at = IDS_AT + objects() * hashLength + position * Integer.BYTES;
    editIndex(file -> {
      ByteBuffer bytes = ByteBuffer.wrap(file);
      return bytes.putInt(at, bytes.getInt(at) ^ bits).array();
    });
  }

  void editOffset(int position, IntUnaryOperator change) throws IOException {
    int at = IDS_AT + objects() * (hashLength + Integer.BYTES) + position * Integer.BYTES;
    editIndex(file -> {
      ByteBuffer bytes = ByteBuffer.wrap(file);
      return bytes.putInt(at, change.applyAsInt(bytes.getInt(at))).array();
    });
  }

  /** Gives an object an eight-byte offset, the only one in the index. */
  void makeLarge(int position, long offset) throws IOException {
    editOffset(position, _ -> 1 << 31);
    editIndex(file -> {
      int trailers = 2 * hashLength;
      ByteBuffer longer = ByteBuffer.allocate(file.length + Long.BYTES);
      longer.put(file, 0, file.length - trailers).putLong(offset);
      return longer.put(file, file.length - trailers, trailers).array();
    });
  }

  int offset(int position) throws IOException {
    int at = IDS_AT + objects() * (hashLength + Integer.BYTES) + position * Integer.BYTES;
    return ByteBuffer.wrap(Files.readAllBytes(index)).getInt(at);
  }

  String idHex(int position) throws IOException {
    int at = IDS_AT + position * hashLength;
    return HexFormat.of().formatHex(Files.readAllBytes(index), at, at + hashLength);
  }

  /** Makes the index's own checksum right, whatever was done to the rest. */
  void sealIndex() throws IOException {
    HashAlgorithm hash = hashLength == 20 ? HashAlgorithm.SHA1 : HashAlgorithm.SHA256;
    editIndex(file -> MultiPackIndexEditor.seal(file, hash));
  }

  /** Has git write the index anew in the old format. */
  void makeVersion1() throws IOException {
    Files.delete(index);
    repository.git("index-pack", "--index-version=1", data.toString());
  }

  /** Makes a named pipe, at which whoever opens it waits for a writer. */
  static void makePipe(Path path) throws IOException, InterruptedException {
    assertThat(new ProcessBuilder("mkfifo", path.toString()).start().waitFor()).isZero();
  }

  /** Leaves a symbolic link in place of a file, which lies elsewhere then. */
  void moveAndLink(Path file) throws IOException {
    Path elsewhere = repository.objects().resolve("elsewhere-" + file.getFileName());
    Files.move(file, elsewhere);
    Files.createSymbolicLink(file, elsewhere.toAbsolutePath());
  }
}
