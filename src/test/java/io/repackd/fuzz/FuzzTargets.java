package io.repackd.fuzz;

import io.repackd.history.HistoryFuzz;
import io.repackd.maintenance.StateFilesFuzz;
import io.repackd.midx.IndexMergeFuzz;
import io.repackd.midx.MultiPackIndexFuzz;
import io.repackd.objectdir.GitConfigurationFuzz;
import io.repackd.objectdir.LooseObjectFuzz;
import io.repackd.objectdir.OwnerFilesFuzz;
import io.repackd.pack.PackFuzz;
import io.repackd.pack.PackIndexFuzz;
import io.repackd.pack.RepackFuzz;
import java.util.Locale;
import java.util.function.Supplier;

/** All targets. */
enum FuzzTargets {
  PACK_INDEX(PackIndexFuzz::new),
  PACK(PackFuzz::new),
  REPACK(RepackFuzz::new),
  MULTI_PACK_INDEX(MultiPackIndexFuzz::new),
  INDEX_MERGE(IndexMergeFuzz::new),
  LOOSE_OBJECT(LooseObjectFuzz::new),
  OWNER_FILES(OwnerFilesFuzz::new),
  GIT_CONFIGURATION(GitConfigurationFuzz::new),
  STATE_FILES(StateFilesFuzz::new),
  HISTORY(HistoryFuzz::new);

  private final Supplier<FuzzTarget> maker;

  FuzzTargets(Supplier<FuzzTarget> maker) {
    this.maker = maker;
  }

  FuzzTarget make() {
    return maker.get();
  }

  /** The folder of its inputs, among the resources. */
  String folder() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
