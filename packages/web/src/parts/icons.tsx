import type { ReactNode } from 'react';

type Size = { size?: number };

const drawn = (path: ReactNode) =>
  function Icon({ size = 18 }: Size) {
    return (
      <svg
        width={size}
        height={size}
        viewBox="0 0 24 24"
        fill="none"
        stroke="currentColor"
        strokeWidth={1.8}
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
      >
        {path}
      </svg>
    );
  };

export const SearchIcon = drawn(
  <>
    <circle cx="11" cy="11" r="6.5" />
    <path d="m20 20-4.2-4.2" />
  </>,
);
export const PersonIcon = drawn(
  <>
    <circle cx="12" cy="8" r="3.5" />
    <path d="M5 20c.6-3.7 3.4-5.5 7-5.5s6.4 1.8 7 5.5" />
  </>,
);
export const SunIcon = drawn(
  <>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4" />
  </>,
);
export const MoonIcon = drawn(<path d="M20 14.5A8 8 0 1 1 9.5 4a6.5 6.5 0 0 0 10.5 10.5Z" />);
export const KeyIcon = drawn(
  <>
    <circle cx="8" cy="15" r="4" />
    <path d="m11 12 8-8M16 7l3 3" />
  </>,
);
export const OpenIcon = drawn(<path d="M14 4h6v6M20 4l-9 9M18 14v5a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1h5" />);
export const DownloadIcon = drawn(<path d="M12 4v11M7 11l5 5 5-5M5 20h14" />);
export const WarnIcon = drawn(<path d="M12 4 2.8 20h18.4L12 4ZM12 10v4.5M12 17.4v.1" />);
export const CheckIcon = drawn(<path d="m5 12.5 4.5 4.5L19 7.5" />);
