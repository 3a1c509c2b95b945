const ICONS = {
  open: "M9 6l6 6-6 6",
  close: "M6 9l6 6 6-6",
  up: "M12 19V5m-6 6 6-6 6 6",
  down: "M12 5v14m-6-6 6 6 6-6",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  remove: "M6 6l12 12M18 6 6 18",
} as const;

interface Props {
  readonly icon: keyof typeof ICONS;
  readonly label: string;
  /** It has no use now; it stays where the focus may be. */
  readonly off?: boolean;
  /** Whether it shows what it opens; absent where it opens nothing. */
  readonly expanded?: boolean;
  readonly onPress: () => void;
}

/** A small button with a sign; its name is read out and shown on hovering. */
export function ToolButton({ icon, label, off, expanded, onPress }: Props) {
  return (
    <button
      type="button"
      className="button tool"
      aria-label={label}
      title={label}
      data-tool={icon}
      aria-disabled={off === true}
      aria-expanded={expanded}
      onClick={() => {
        if (off !== true) onPress();
      }}
    >
      <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">
        <path
          d={ICONS[icon]}
          fill="none"
          stroke="currentColor"
          strokeWidth="2"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
    </button>
  );
}
