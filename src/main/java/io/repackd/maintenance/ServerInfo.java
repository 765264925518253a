package io.repackd.maintenance;

import io.repackd.objectdir.InfoPacks;
import io.repackd.objectdir.ObjectDirectory;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps the list of packs for plain HTTP up to date, once a new pack is there and once old ones have gone. */
final class ServerInfo {
  private static final Logger log = LoggerFactory.getLogger(ServerInfo.class);

  private ServerInfo() {}

  /** Whoever fetches in another way needs no such list, so that it fails nothing else. */
  static void refresh(ObjectDirectory directory) {
    try {
      InfoPacks.refresh(directory);
    } catch (IOException e) {
      log.warn(
          "cannot bring the list of packs for plain HTTP in {}/info up to date: {}",
          directory.path(),
          StepErrors.describe(e));
    }
  }
}
