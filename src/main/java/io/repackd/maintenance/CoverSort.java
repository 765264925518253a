package io.repackd.maintenance;

import io.repackd.objectdir.PackKind;
import io.repackd.objectdir.ReadAccess;
import io.repackd.objectdir.StoredPack;
import java.io.IOException;

/**
 * What has to be known of a pack to tell for which others it may stand in.
 *
 * @param promisorClass promisor or ordinary
 * @param access who may read it
 */
record CoverSort(PackKind promisorClass, ReadAccess access) {
  static CoverSort of(StoredPack pack) throws IOException {
    return new CoverSort(Supersession.classOf(pack), ReadAccess.of(pack));
  }

  /**
   * The same with fewer readers.
   *
   * @param readers the mode bits which may at most allow to read
   */
  CoverSort limitedTo(int readers) {
    return new CoverSort(promisorClass, access.limitedTo(readers));
  }

  /** Not for one that somebody may read who may not read this. */
  boolean covers(CoverSort spared) {
    return promisorClass == spared.promisorClass && spared.access.isWithin(access);
  }
}
