package io.repackd.maintenance;

import io.repackd.objectdir.FilePublisher;
import io.repackd.objectdir.FilePublisher.Unpublished;
import io.repackd.pack.NewPack;
import io.repackd.platform.EarlySync;
import io.repackd.platform.Futures;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * A new pack with its indexes under temporary names, on its way to the disk already. Closing it removes what was not published.
 *
 * @param name what its files are to be called before the dot
 * @param objects how many objects it has
 * @param packBytes the size of the pack
 * @param bytes the sizes of pack and index together
 * @param reverseIndexBytes the size of the reverse index
 * @param early what writes pack and index through to the disk meanwhile
 */
record StagedPack(
    String name,
    long objects,
    long packBytes,
    long bytes,
    long reverseIndexBytes,
    Unpublished pack,
    Unpublished reverseIndex,
    Unpublished index,
    List<EarlySync> early)
    implements AutoCloseable {
  /** Writes one. Nothing is left of it if that fails. */
  static StagedPack write(FilePublisher publisher, NewPack content) throws IOException {
    List<Unpublished> files = new ArrayList<>();
    try {
      for (String kind : List.of("pack", "rev", "idx")) {
        files.add(publisher.create(kind));
      }
      return write(content, files.get(0), files.get(1), files.get(2));
    } catch (IOException | RuntimeException | Error e) {
      closeAll(files, e);
      throw e;
    }
  }

  private static StagedPack write(
      NewPack content, Unpublished pack, Unpublished reverseIndex, Unpublished index)
      throws IOException {
    String name = "pack-" + content.writePack(pack.channel());
    List<EarlySync> early = List.of(new EarlySync(pack.channel()), new EarlySync(index.channel()));
    try {
      early.getFirst().written(pack.channel().size());
      writeBoth(content, reverseIndex, index);
      early.getLast().written(index.channel().size());
      return new StagedPack(
          name,
          content.objects(),
          pack.channel().size(),
          pack.channel().size() + index.channel().size(),
          reverseIndex.channel().size(),
          pack,
          reverseIndex,
          index,
          early);
    } catch (IOException | RuntimeException | Error e) {
      early.forEach(EarlySync::close);
      throw e;
    }
  }

  /** One thread has to write all of the reverse index, and of the other to hash it: these two may do so at a time. */
  private static void writeBoth(NewPack content, Unpublished reverseIndex, Unpublished index)
      throws IOException {
    Futures.both(
        "reverse-index",
        () -> content.writeReverseIndex(reverseIndex.channel()),
        () -> content.writeIndex(index.channel()));
  }

  private List<Unpublished> files() {
    return List.of(pack, index, reverseIndex);
  }

  /** Writes it through to the disk and lets go of its files, of which a process may hold only so many open. */
  void seal() throws IOException {
    awaitEarly();
    for (Unpublished file : files()) {
      file.seal();
    }
  }

  /** Makes it look as if it was of a time, and writes it through to the disk. */
  void sync(Instant modified) throws IOException {
    awaitEarly();
    pack.setModified(modified);
    for (Unpublished file : files()) {
      file.sync();
    }
  }

  private void awaitEarly() throws IOException {
    for (EarlySync sync : early) {
      sync.await();
    }
  }

  @Override
  public void close() throws IOException {
    early.forEach(EarlySync::close);
    IOException failure = new IOException("cannot remove what was staged of " + name);
    closeAll(files(), failure);
    if (failure.getSuppressed().length > 0) {
      throw failure;
    }
  }

  private static void closeAll(List<Unpublished> files, Throwable failure) {
    for (Unpublished file : files) {
      try {
        file.close();
      } catch (IOException e) {
        failure.addSuppressed(e);
      }
    }
  }
}
