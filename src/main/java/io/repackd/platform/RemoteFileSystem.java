package io.repackd.platform;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/** Tells file systems that other machines use too from those of this machine alone: who reads there, nobody here can know. */
public final class RemoteFileSystem {
  /** As {@code /proc/mounts} names them; besides these, whatever a program serves. Source: the file systems of Linux. */
  private static final Set<String> TYPES =
      Set.of(
          "9p",
          "afs",
          "beegfs",
          "ceph",
          "cifs",
          "coda",
          "gfs2",
          "glusterfs",
          "gpfs",
          "lustre",
          "ncpfs",
          "nfs",
          "nfs4",
          "ocfs2",
          "smb3",
          "smbfs",
          "vboxsf",
          "virtiofs");

  private static final String SERVED_BY_A_PROGRAM = "fuse";

  private RemoteFileSystem() {}

  /**
   * The type of the file system on which a path lies, if others may use it too.
   *
   * @return such as {@code nfs4}; empty if it is one of this machine
   * @throws IOException if that cannot be found out
   */
  public static Optional<String> of(Path path) throws IOException {
    return Optional.of(Files.getFileStore(path).type()).filter(RemoteFileSystem::isRemote);
  }

  static boolean isRemote(String type) {
    return TYPES.contains(type) || type.startsWith(SERVED_BY_A_PROGRAM);
  }
}
