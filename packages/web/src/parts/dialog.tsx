import { CloseButton, Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

type DialogProps = { title: string; isOpen: boolean; close(): void; size?: string; children: ReactNode };

/** A question before the page goes on. */
export function Dialog({ title, isOpen, close, size = 'md', children }: DialogProps) {
  const { t } = useTranslation();
  return (
    <Modal.Root opened={isOpen} onClose={close} size={size}>
      <Modal.Overlay />
      <Modal.Content aria-label={title}>
        <Modal.Body>
          <div className="drawer-head">
            <h2>{title}</h2>
            <CloseButton size="lg" aria-label={t('close')} onClick={close} />
          </div>
          {children}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
