package io.repackd.maintenance;

import io.repackd.midx.Fault;
import io.repackd.midx.UnsupportedIndexException;
import io.repackd.objectdir.LockedException;
import io.repackd.objectdir.ObjectDirectoryException;
import io.repackd.pack.CorruptFileException;
import io.repackd.platform.CancelledException;
import io.repackd.platform.Reason;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Says what an error in a step means for the cycle. */
final class StepErrors {
  static final String PACK_DAMAGED = "pack-damaged";
  static final String INDEX_WRONG = "index-wrong";

  private StepErrors() {}

  static StepFailure classify(Throwable error) {
    return switch (error) {
      case StepFailure failure -> failure;
      case CancelledException _ -> new StepFailure(Result.CANCELLED, "stopping", "asked to stop");
      case CorruptFileException corrupt ->
          new StepFailure(Result.DEGRADED, PACK_DAMAGED, corrupt.getMessage());
      case UnsupportedIndexException unsupported ->
          new StepFailure(Result.SKIPPED, "index-version", unsupported.getMessage());
      case LockedException locked -> new StepFailure(Result.SKIPPED, "locked", locked.getMessage());
      case IOException io when hasGone(io, "pack-") ->
          new StepFailure(
              Result.SKIPPED, "packs-changed", "somebody else deleted a pack: " + describe(io));
      case IOException io when hasGone(io, "multi-pack-index") ->
          new StepFailure(
              Result.SKIPPED,
              "packs-changed",
              "somebody else deleted the multi-pack-index: " + describe(io));
      case IOException io -> new StepFailure(Result.FAILED, reason(io), describe(io));
      case OutOfMemoryError _ ->
          new StepFailure(Result.FAILED, "memory", "not enough memory: " + error.getMessage());
      // What the virtual machine throws where a mapped page cannot be read any more.
      case InternalError _ ->
          new StepFailure(
              Result.FAILED,
              "io",
              "a mapped file was cut off or cannot be read: " + error.getMessage());
      default -> new StepFailure(Result.FAILED, "internal", "internal error: " + error);
    };
  }

  /** The worst comes first: what nobody here can mend, then what can be written anew, then what may be over by now. */
  static StepFailure of(List<Fault> faults) {
    return first(faults, Fault.Kind.PACK_WRONG)
        .map(fault -> new StepFailure(Result.DEGRADED, PACK_DAMAGED, fault.message()))
        .or(() ->
            first(faults, Fault.Kind.INDEX_WRONG)
                .map(fault -> new StepFailure(Result.FAILED, INDEX_WRONG, fault.message())))
        .orElseGet(
            () -> new StepFailure(Result.SKIPPED, "packs-changed", faults.getFirst().message()));
  }

  static Optional<Fault> first(List<Fault> faults, Fault.Kind kind) {
    return faults.stream().filter(fault -> fault.kind() == kind).findFirst();
  }

  /** What somebody has to do about it: make room, give permission, or look at the disk. */
  private static String reason(IOException error) {
    for (Throwable e = error; e != null; e = e.getCause()) {
      // The kernel's words for ENOSPC, EDQUOT, EACCES, EPERM and EROFS: the JDK has no classes for
      // most of them.
      String text = e instanceof IOException io ? Reason.of(io) : "";
      if (text.contains("No space left on device") || text.contains("Disk quota exceeded")) {
        return "disk";
      }
      if (e instanceof AccessDeniedException
          || text.contains("Operation not permitted")
          || text.contains("Read-only file system")) {
        return "permission";
      }
    }
    return "io";
  }

  /** Whether something failed because a file had gone since it was listed: then it is worth another look. */
  static boolean vanished(IOException error) {
    return error instanceof NoSuchFileException || error.getCause() instanceof NoSuchFileException;
  }

  /** Whether a file whose name begins so has gone: other tools delete packs, too, and with them the index that lists them. */
  private static boolean hasGone(IOException error, String beginning) {
    for (Throwable e = error; e != null; e = e.getCause()) {
      if (e instanceof NoSuchFileException gone && gone.getFile() != null) {
        Path name = Path.of(gone.getFile()).getFileName();
        return name != null && name.toString().startsWith(beginning);
      }
    }
    return false;
  }

  /** One line that names the file. */
  static String describe(IOException error) {
    return switch (error) {
      case ObjectDirectoryException known -> known.getMessage();
      case FileSystemException file ->
          "cannot use %s: %s".formatted(file.getFile(), Reason.of(file));
      default -> Reason.of(error);
    };
  }
}
