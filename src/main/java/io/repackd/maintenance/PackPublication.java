package io.repackd.maintenance;

import io.repackd.objectdir.FilePublisher;
import io.repackd.objectdir.FilePublisher.Unpublished;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.ObjectDirectoryException;
import io.repackd.objectdir.PackKind;
import io.repackd.objectdir.ReadAccess;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.objectdir.TemporaryKeep;
import io.repackd.pack.NewPack;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackVerification;
import io.repackd.pack.PackWriter;
import io.repackd.pack.ReverseIndex;
import io.repackd.platform.AllCores;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one way in which a new pack comes into an object directory.
 *
 * <p>Pack, index and reverse index are written under temporary names, read back and verified, and synchronised. Then they get
 * their names: {@code .keep}, {@code .promisor}, {@code .baddeltas} and {@code .supersedes} first, so that nobody meets the pack without them, then
 * {@code .pack} and {@code .rev}, and the {@code .idx} last, without which a pack is not there for anybody; then the directory is
 * synchronised, and the list of packs for plain HTTP follows, where there is one. If something fails on the way, whatever was published of it goes again, unless it was complete by then.
 *
 * <p>Whoever may read all that a pack is made of may read the pack, too, whatever our umask is.
 */
final class PackPublication {
  private static final Logger log = LoggerFactory.getLogger(PackPublication.class);

  private final ObjectDirectory directory;
  private final Check check;
  private final Cancellation cancellation;

  /** Reads a pack back before it is published. */
  interface Check {
    /**
     * Checks a pack.
     *
     * @param reverse its reverse index, whether that is to be published or not
     * @throws io.repackd.pack.CorruptFileException if it is not what it should be: nothing is published
     */
    void check(PackFile pack, ReverseIndex reverse, Cancellation cancellation) throws IOException;
  }

  /** Settles how old a pack is to look. Asked once the objects are copied: their packs may have been touched meanwhile. */
  interface ModificationTime {
    Instant afterTheCopy() throws IOException;
  }

  /** Words a {@code .baddeltas} file. Asked just before the pack becomes visible. */
  interface Claim {
    String content() throws IOException;
  }

  /** Words a {@code .supersedes} file. Asked just before the pack becomes visible. */
  interface Superseding {
    /** Nothing is superseded. */
    Superseding NOTHING = (_, _) -> Optional.empty();

    /**
     * What it says, or nothing if there is to be no file.
     *
     * @param objects how many objects the pack has
     * @param bytes how large it is
     */
    Optional<String> content(long objects, long bytes) throws IOException;
  }

  /**
   * What lies beside the pack.
   *
   * @param kind ordinary, or promisor
   * @param badDeltas what its {@code .baddeltas} file says; empty if it has none
   * @param supersedes what its {@code .supersedes} file says
   * @param keepOfCycle the cycle that gives it a temporary keep; empty if it has none
   */
  record Beside(
      PackKind kind,
      Optional<Claim> badDeltas,
      Superseding supersedes,
      Optional<String> keepOfCycle) {
    /** One that has no {@code .supersedes} file. */
    Beside(PackKind kind, Optional<Claim> badDeltas, Optional<String> keepOfCycle) {
      this(kind, badDeltas, Superseding.NOTHING, keepOfCycle);
    }
  }

  /**
   * A pack that was published.
   *
   * @param name what its files are called before the dot
   * @param objects how many objects it has
   * @param bytes the sizes of pack, index and reverse index together
   * @param keep its temporary keep, which whoever asked for it has to remove; empty also if somebody else's lies there
   */
  record Published(String name, long objects, long bytes, Optional<TemporaryKeep> keep) {}

  /** Publication of packs which are verified in full. */
  PackPublication(ObjectDirectory directory, Cancellation cancellation) {
    this(directory, PackVerification::verify, cancellation);
  }

  PackPublication(ObjectDirectory directory, Check check, Cancellation cancellation) {
    this.directory = directory;
    this.check = check;
    this.cancellation = cancellation;
  }

  /**
   * Writes a pack and publishes it.
   *
   * @param writer prepared, and used for nothing yet; closed here, as soon as everything is written
   * @param sources what it takes objects from
   * @return nothing if a pack of that name is there, complete: the same bytes have the same name
   * @throws IOException if a file cannot be written, or a sidecar lies there that would make another kind of it
   */
  Optional<Published> publish(
      PackWriter writer, ReadAccess.Sources sources, Beside beside, ModificationTime time)
      throws IOException {
    return publish(List.of(writer.inOnePack()), writer::close, sources, beside, time).stream()
        .findFirst();
  }

  /**
   * Writes packs and publishes them. None is visible before all of them are written and verified; each looks a second older than
   * the one before it, as git has it.
   *
   * @param packs of one writer, none of them written yet
   * @param written run when all are written; from then on the writer is not needed, and verification has use for the memory
   * @param sources what they take objects from
   * @param time what the first of them gets
   * @return those that were published: not such as are there already, complete
   * @throws IOException as with one pack. Packs that are visible by then stay, without their temporary keeps: somebody may have come
   *     to read from them
   */
  List<Published> publish(
      List<NewPack> packs,
      Runnable written,
      ReadAccess.Sources sources,
      Beside beside,
      ModificationTime time)
      throws IOException {
    List<StagedPack> staged = new ArrayList<>();
    try {
      for (NewPack pack : packs) {
        boolean last = staged.size() + 1 == packs.size();
        staged.add(stage(pack, last ? written : () -> {}, packs.size() > 1));
      }
      List<StagedPack> missing = staged.stream().filter(pack -> !complete(pack.name())).toList();
      if (!missing.isEmpty()) {
        synchronise(missing, time.afterTheCopy());
      }
      cancellation.check();
      return place(missing, new Once(sources), beside);
    } finally {
      close(staged);
    }
  }

  private StagedPack stage(NewPack content, Runnable written, boolean oneOfSeveral)
      throws IOException {
    StagedPack pack = StagedPack.write(directory.publisher(), content);
    try {
      written.run();
      // Also if there is a pack of that name: it may be gone by the time this one is needed.
      verify(pack);
      if (oneOfSeveral) {
        pack.seal();
      }
      return pack;
    } catch (IOException | RuntimeException | Error e) {
      close(List.of(pack));
      throw e;
    }
  }

  private static void synchronise(List<StagedPack> packs, Instant first) throws IOException {
    for (int i = 0; i < packs.size(); i++) {
      packs.get(i).sync(first.minusSeconds(i));
    }
  }

  private List<Published> place(List<StagedPack> packs, ReadAccess.Sources sources, Beside beside)
      throws IOException {
    List<Published> published = new ArrayList<>();
    try {
      for (StagedPack pack : packs) {
        new Placing(directory.publisher(), pack.name(), sources, beside)
            .place(pack)
            .ifPresent(published::add);
      }
      if (!published.isEmpty()) {
        ServerInfo.refresh(directory);
      }
      return published;
    } catch (IOException | RuntimeException | Error e) {
      removeKeeps(published, e);
      throw e;
    }
  }

  private static void removeKeeps(List<Published> packs, Throwable reason) {
    for (Published pack : packs) {
      try {
        if (pack.keep().isPresent()) {
          pack.keep().get().remove();
        }
      } catch (IOException e) {
        reason.addSuppressed(e);
      }
    }
  }

  /** What cannot be removed now, the next cycle removes. */
  private static void close(List<StagedPack> packs) {
    for (StagedPack pack : packs) {
      try {
        pack.close();
      } catch (IOException e) {
        log.warn("cannot remove a temporary file now, the next cycle will try", e);
      }
    }
  }

  /**
   * A time at which a new pack is at least a second younger than others, so that git would choose it before them. Reads their
   * times again: git touches a pack when somebody writes an object that is in it, and that may be just now.
   *
   * @param now what it is, if they are old enough
   * @throws java.nio.file.NoSuchFileException if one has gone
   */
  static Instant youngerThan(List<StoredPack> packs, Instant now) throws IOException {
    return youngerThan(packs, now, 1);
  }

  /**
   * The same for the first of several new packs, so that the last of them, too, is younger than the others.
   *
   * @param count how many new packs there are, each a second older than the one before it
   */
  static Instant youngerThan(List<StoredPack> packs, Instant now, int count) throws IOException {
    Instant[] times = new Instant[packs.size()];
    AllCores.forEach(
        times.length, i -> times[i] = FileStamp.of(packs.get(i).data().path()).modified());
    return Stream.concat(Stream.of(now), Arrays.stream(times).map(time -> time.plusSeconds(count)))
        .max(Comparator.naturalOrder())
        .orElseThrow();
  }

  private void verify(StagedPack staged) throws IOException {
    try (Arena arena = Arena.ofShared()) {
      PackFile pack =
          PackFile.open(staged.pack().file(), staged.index().file(), directory.hash(), arena);
      ReverseIndex reverse = ReverseIndex.open(staged.reverseIndex().file(), pack.index(), arena);
      check.check(pack, reverse, cancellation);
    }
  }

  /** A pack without its index is what a crash left of an earlier attempt: it is no pack, and is replaced. */
  private boolean complete(String name) {
    return Files.exists(path(name, "pack")) && Files.exists(path(name, "idx"));
  }

  private Path path(String name, String extension) {
    return directory.packDirectory().resolve(name + "." + extension);
  }

  /** Looks at what packs are made of when it is first asked. There may be many files of that, and there are several of a pack. */
  private static final class Once implements ReadAccess.Sources {
    private final ReadAccess.Sources sources;
    private Optional<ReadAccess> seen = Optional.empty();

    Once(ReadAccess.Sources sources) {
      this.sources = sources;
    }

    @Override
    public ReadAccess access() throws IOException {
      if (seen.isEmpty()) {
        seen = Optional.of(sources.access());
      }
      return seen.get();
    }
  }

  /** The giving of names. */
  private final class Placing {
    private final FilePublisher publisher;
    private final String name;
    private final ReadAccess.Sources sources;
    private final Beside beside;
    private final List<FileStamp> placed = new ArrayList<>();
    private Optional<TemporaryKeep> keep = Optional.empty();

    Placing(FilePublisher publisher, String name, ReadAccess.Sources sources, Beside beside) {
      this.publisher = publisher;
      this.name = name;
      this.sources = sources;
      this.beside = beside;
    }

    Optional<Published> place(StagedPack files) throws IOException {
      try {
        refuseOtherKind();
        if (beside.keepOfCycle().isPresent()) {
          keep = TemporaryKeep.place(publisher, name, beside.keepOfCycle().get());
        }
        // A keep must never come to a pack that is visible: who has listed it relies on there
        // being none.
        if (complete(name)) {
          removeKeep();
          return Optional.empty();
        }
        placeSidecars(files);
        long bytes = files.bytes();
        place(files.pack(), "pack");
        if (directory.traits().writeReverseIndex()) {
          bytes += files.reverseIndexBytes();
          place(files.reverseIndex(), Sidecar.REVERSE_INDEX.extension());
        }
        files.index().grant(sources);
        files.index().publishReadOnly(name + ".idx");
        publisher.syncDirectory();
        return Optional.of(new Published(name, files.objects(), bytes, keep));
      } catch (IOException | RuntimeException | Error e) {
        retract(e);
        throw e;
      }
    }

    /** What an earlier pack of that name left would make a cruft or a promisor pack of this one. */
    private void refuseOtherKind() throws ObjectDirectoryException {
      for (Sidecar sidecar : List.of(Sidecar.MTIMES, Sidecar.PROMISOR)) {
        boolean wanted = sidecar == Sidecar.PROMISOR && beside.kind() == PackKind.PROMISOR;
        if (!wanted && Files.exists(path(name, sidecar.extension()))) {
          throw new ObjectDirectoryException(
              "cannot publish %s: %s is there without it"
                  .formatted(path(name, "pack"), path(name, sidecar.extension())));
        }
      }
    }

    private void placeSidecars(StagedPack files) throws IOException {
      if (beside.kind() == PackKind.PROMISOR) {
        place("", Sidecar.PROMISOR);
      }
      if (beside.badDeltas().isPresent()) {
        place(beside.badDeltas().get().content(), Sidecar.BAD_DELTAS);
      }
      Optional<String> superseded = beside.supersedes().content(files.objects(), files.packBytes());
      if (superseded.isPresent()) {
        place(superseded.get(), Sidecar.SUPERSEDES);
      }
    }

    private void place(String content, Sidecar sidecar) throws IOException {
      try (Unpublished file = publisher.create(sidecar.extension())) {
        file.write(content);
        file.sync();
        place(file, sidecar.extension());
      }
    }

    private void place(Unpublished file, String extension) throws IOException {
      file.grant(sources);
      file.publishReadOnly(name + "." + extension);
      placed.add(FileStamp.of(path(name, extension)));
    }

    /** Exactly what was placed here: somebody else may be about to publish the same pack. */
    private void retract(Throwable reason) {
      try {
        if (!Files.exists(path(name, "idx"))) {
          for (FileStamp file : placed.reversed()) {
            if (file.unchanged()) {
              Files.deleteIfExists(file.path());
            }
          }
        }
        removeKeep();
      } catch (IOException e) {
        reason.addSuppressed(e);
      }
    }

    private void removeKeep() throws IOException {
      if (keep.isPresent()) {
        keep.get().remove();
      }
    }
  }
}
