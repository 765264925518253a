package io.repackd.maintenance;

import io.repackd.maintenance.Evidence.SupersededIndex;
import io.repackd.objectdir.FileStamp;
import io.repackd.platform.FileLease;
import io.repackd.platform.FileLease.Use;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The multi-pack-indexes of one object directory that were replaced and still have a reader, each with a descriptor of ours: its
 * inode cannot be used again meanwhile.
 */
final class IndexWatch {
  private final Path indexFile;
  private final List<Superseded> superseded = new ArrayList<>();
  private Optional<FileStamp> installed = Optional.empty();
  private @Nullable Instant since;

  IndexWatch(Path indexFile) {
    this.indexFile = indexFile;
  }

  /** A descriptor of an index that is about to be replaced, or was. */
  record Superseded(FileLease lease, FileStamp file, Map<String, Instant> unreferenced) {}

  /** Begins anew if somebody else has replaced the index: that one may have readers who are not known. */
  private void look(Instant now) throws IOException {
    Optional<FileStamp> present = FileStamp.find(indexFile);
    if (since == null || !present.equals(installed)) {
      since = now;
      installed = present;
    }
  }

  /** From when on all superseded indexes are known. */
  synchronized Instant since(Instant now) throws IOException {
    look(now);
    return since == null ? now : since;
  }

  /** Lets go of those which have no reader any more; the others. */
  synchronized List<SupersededIndex> stillRead(Instant now) throws IOException {
    look(now);
    for (Iterator<Superseded> each = superseded.iterator(); each.hasNext(); ) {
      FileLease lease = each.next().lease();
      Use use = lease.take();
      if (use == Use.UNKNOWN) {
        since = now;
      }
      if (use != Use.SOMEBODY) {
        lease.close();
        each.remove();
      }
    }
    return superseded.stream()
        .map(index ->
            new SupersededIndex(
                index.file().inode(), FileUsers.names(index.file()), index.unreferenced()))
        .toList();
  }

  /** Opens the index that is about to be replaced; nothing if there is none, or it cannot be opened. */
  synchronized @Nullable Superseded open(Map<String, Instant> unreferenced) throws IOException {
    Optional<FileStamp> present = FileStamp.find(indexFile);
    if (present.isEmpty()) {
      return null;
    }
    FileLease lease;
    try {
      lease = FileLease.open(indexFile);
    } catch (IOException e) {
      return null;
    }
    if (!present.get().unchanged()) {
      lease.close();
      return null;
    }
    return new Superseded(lease, present.get(), Map.copyOf(unreferenced));
  }

  /** Notes that the index was replaced. */
  synchronized void replaced(@Nullable Superseded index, Instant now) throws IOException {
    if (index != null) {
      superseded.add(index);
    }
    if (index == null || !installed.equals(Optional.of(index.file()))) {
      since = now;
    }
    installed = FileStamp.find(indexFile);
  }
}
