/** The mark of Roost: a bird on a branch, drawn with two shapes. */
export function Logo({ size = 32 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden fill="none">
      <rect width="32" height="32" rx="9" fill="var(--color-accent)" />
      <path
        d="M7 18.5c0-6 4.4-10.5 10-10.5 3.4 0 5.6 1.9 6.1 4.6l3.4 1.6-3.3 1.5C22.6 20.4 19 23 14.6 23 10 23 7 21.4 7 18.5Z"
        fill="var(--color-on-accent)"
      />
      <circle cx="18.8" cy="12.6" r="1.4" fill="var(--color-accent)" />
      <path d="M6 26h20" stroke="var(--color-on-accent)" strokeWidth="2.2" strokeLinecap="round" />
    </svg>
  );
}
