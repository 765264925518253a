package io.repackd.objectdir;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What one listing of a pack directory found.
 *
 * @param packs the complete packs, ordered by name
 * @param index the {@code multi-pack-index} file
 * @param indexChain the chain file of an incremental multi-pack-index
 * @param indexSidecars the {@code multi-pack-index-*.bitmap} and {@code .rev} files
 * @param keepFiles who owns the {@code .keep} files, by pack name
 * @param garbage what belongs to no pack
 */
public record PackDirectoryListing(
    List<StoredPack> packs,
    Optional<FileStamp> index,
    Optional<FileStamp> indexChain,
    List<FileStamp> indexSidecars,
    Map<String, KeepOwner> keepFiles,
    List<GarbageFile> garbage) {
  public PackDirectoryListing {
    packs = List.copyOf(packs);
    indexSidecars = List.copyOf(indexSidecars);
    keepFiles = Map.copyOf(keepFiles);
    garbage = List.copyOf(garbage);
  }
}
